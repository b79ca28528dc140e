"""Ollama: POST /api/embed; GET /api/version, /api/tags and /api/ps; POST /api/show."""

from catalogue import model_of
from protocol import Job, Protocol, bearer, strings
from vectors import as_json
from wire import Answer, json_answer

FIELDS = {"model", "input", "truncate", "dimensions", "keep_alive", "options"}


def refuse(status, message):
    return json_answer(status, {"error": message})


def bare(name):
    """A model without the tag that means the usual one."""
    return name.removesuffix(":latest") if isinstance(name, str) else name


class Ollama(Protocol):
    name = "ollama"

    def other(self, state, request):
        route = (request.method, request.path)
        if route == ("GET", "/ollama/api/version"):
            return json_answer(200, {"version": "0.13.0"})
        if route in {("GET", "/ollama/api/tags"), ("GET", "/ollama/api/ps")}:
            return json_answer(200, {"models": [{"name": f"{name}:latest", "model": f"{name}:latest"}
                                                for name in state.models]})
        if route == ("POST", "/ollama/api/show"):
            name = bare(request.json().get("model"))
            model = model_of(state, name)
            if model is None:
                return refuse(404, f"model '{name}' not found")
            return json_answer(200, {"model_info": {
                "general.architecture": "bert", "bert.context_length": model.max_text_tokens,
                "bert.embedding_length": model.dimensions}})
        return None

    def read(self, state, request):
        if request.method != "POST" or request.path != "/ollama/api/embed":
            return Answer(404, b"404 page not found", {"Content-Type": "text/plain"})
        if not state.open_servers and bearer(request) not in state.keys:
            return refuse(401, "unauthorized")
        try:
            fields = request.json()
        except ValueError:
            return refuse(400, "invalid character in body")
        name = bare(fields.get("model"))
        if not name:
            return refuse(400, "model is required")
        if unknown := set(fields) - FIELDS:
            return refuse(400, f"unknown field {sorted(unknown)[0]}")  # to catch our own mistakes
        model = model_of(state, name)
        if model is None:
            return refuse(404, f"model '{fields['model']}' not found")
        texts = strings(fields.get("input", []))
        if texts is None:
            return refuse(400, "invalid input type")
        context = fields.get("options", {}).get("num_ctx", model.max_text_tokens)
        counts = [state.tokens.count(text) for text in texts]
        if max(counts, default=0) > context and not fields.get("truncate", True):
            return refuse(400, "the input length exceeds the context length")
        dimensions = min(fields.get("dimensions") or model.dimensions, model.dimensions)
        return Job("", name, texts, dimensions, [min(tokens, context) for tokens in counts])

    def admit(self, state):
        if state.in_flight[self.name] < state.ollama["max_queue"]:
            return None
        return self.throttled(None, None, "requests", 0)

    def throttled(self, job, quota, unit, seconds):
        return refuse(503, "server busy, please try again.  maximum pending requests exceeded")

    def trouble(self, status):
        return refuse(status, "llama runner process has terminated: exit status 2")

    def answer(self, job, items, quota):
        vectors = ",".join(as_json(v) for _, v in items)
        body = (f'{{"model":"{job.model}","embeddings":[{vectors}],"total_duration":14143917,'
                f'"load_duration":1019500,"prompt_eval_count":{job.tokens}}}')
        return Answer(200, body.encode(), {"Content-Type": "application/json; charset=utf-8"})
