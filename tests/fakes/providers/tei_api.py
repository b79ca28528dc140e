"""Text Embeddings Inference: POST /embed (and /), GET /info and /health. One model."""

from catalogue import model_of
from protocol import Job, Protocol, bearer, strings
from vectors import as_json
from wire import Answer, json_answer

FIELDS = {"inputs", "truncate", "truncation_direction", "prompt_name", "normalize", "dimensions"}
PATHS = {"/tei/embed", "/tei/", "/tei"}


def refuse(status, message, kind):
    return json_answer(status, {"error": message, "error_type": kind})


class Tei(Protocol):
    name = "tei"

    def other(self, state, request):
        if request.method != "GET":
            return None
        if not state.open_servers and bearer(request) not in state.keys:
            return Answer(401, b"")
        if request.path == "/tei/health":
            return Answer(200, b"")
        if request.path == "/tei/info":
            info = {key: state.tei[key] for key in
                    ("model_id", "max_client_batch_size", "max_input_length", "max_batch_tokens",
                     "max_concurrent_requests", "auto_truncate")}
            return json_answer(200, {**info, "model_sha": None, "model_dtype": "float16",
                                     "model_type": {"embedding": {"pooling": "cls"}},
                                     "tokenization_workers": 4, "version": "1.9.0"})
        return None

    def read(self, state, request):
        if request.method != "POST" or request.path not in PATHS:
            return Answer(404, b"")
        if not state.open_servers and bearer(request) not in state.keys:
            return Answer(401, b"")
        if len(request.body) > state.tei["payload_limit"]:
            return Answer(413, b"length limit exceeded", {"Content-Type": "text/plain"})
        try:
            fields = request.json()
        except ValueError:
            return Answer(422, b"Failed to deserialize the JSON body", {"Content-Type": "text/plain"})
        return self.check(state, fields)

    def check(self, state, fields):
        if unknown := set(fields) - FIELDS:
            return refuse(422, f"unknown field `{sorted(unknown)[0]}`", "Validation")
        texts = strings(fields.get("inputs"))
        if texts is None:
            return Answer(422, b"data did not match any variant of untagged enum Input",
                          {"Content-Type": "text/plain"})
        if not texts:
            return refuse(400, "`inputs` cannot be empty", "Empty")
        most = state.tei["max_client_batch_size"]
        if len(texts) > most:
            return refuse(422, f"batch size {len(texts)} > maximum allowed batch size {most}", "Validation")
        name = state.tei["model_id"]
        model = model_of(state, name)
        dimensions = fields.get("dimensions") or model.dimensions
        if not model.allows(dimensions):
            return refuse(422, "`dimensions` is not supported by this model", "Validation")
        longest = min(state.tei["max_input_length"], state.tei["max_batch_tokens"])
        counts = [state.tokens.count(text) for text in texts]
        if max(counts) > longest and not fields.get("truncate", state.tei["auto_truncate"]):
            return refuse(422, f"`inputs` must have less than {longest} tokens. Given: {max(counts)}",
                          "Validation")
        return Job("", name, texts, dimensions, [min(tokens, longest) for tokens in counts])

    def admit(self, state):
        if state.in_flight[self.name] < state.tei["max_concurrent_requests"]:
            return None
        return self.throttled(None, None, "requests", 0)

    def throttled(self, job, quota, unit, seconds):
        return refuse(429, "Model is overloaded", "Overloaded")

    def trouble(self, status):
        return refuse(status, "unhealthy", "Unhealthy")

    def answer(self, job, items, quota):
        body = "[" + ",".join(as_json(v) for _, v in items) + "]"
        characters = sum(len(text) for text in job.texts)
        return Answer(200, body.encode(), {
            "Content-Type": "application/json", "x-compute-type": "cpu", "x-compute-time": "1",
            "x-compute-characters": str(characters), "x-compute-tokens": str(job.tokens),
            "x-total-time": "1", "x-tokenization-time": "0", "x-queue-time": "0",
            "x-inference-time": "1"})
