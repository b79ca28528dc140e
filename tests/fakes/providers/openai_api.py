"""OpenAI: POST /v1/embeddings, and a server that merely speaks its protocol."""

import itertools

from catalogue import model_of
from protocol import Job, Protocol, bearer, strings
from quota import duration, openai_headers
from vectors import as_base64, as_json
from wire import Answer, json_answer

MAX_INPUTS = 2048
FIELDS = {"input", "model", "encoding_format", "dimensions", "user"}
UNITS = {"tokens": "tokens per min (TPM)", "requests": "requests per min (RPM)",
         "project_tokens": "project tokens per min (TPM)", "items": "inputs per min"}


class Openai(Protocol):
    name = "openai"
    path = "/openai/v1/embeddings"
    usage_path = "/openai/v1/organization/usage/embeddings"
    request_ids = itertools.count(1)

    def error(self, status, message, kind="invalid_request_error", param=None, code=None, headers=None):
        body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
        return json_answer(status, body, headers)

    def other(self, state, request):
        if request.method == "GET" and request.path == self.usage_path:
            if bearer(request) not in state.keys:
                return self.bad_key(bearer(request))
            return json_answer(200, state.bill.usage(self.name))
        return None

    def key(self, request):
        return bearer(request)

    def bad_key(self, key):
        return self.error(401, f"Incorrect API key provided: {key[:6]}****{key[-4:]}. You can find "
                               "your API key at https://platform.openai.com/account/api-keys.",
                          code="invalid_api_key")

    def no_model(self, model):
        return self.error(404, f"The model `{model}` does not exist or you do not have access to it.",
                          code="model_not_found")

    def read(self, state, request):
        if request.method != "POST" or request.path != self.path:
            return self.error(404, f"Invalid URL ({request.method} {request.path})")
        key = self.key(request)
        if key not in state.keys:
            return self.bad_key(key)
        try:
            fields = request.json()
        except ValueError:
            return self.error(400, "We could not parse the JSON body of your request.")
        return self.check(state, key, fields, fields.get("model"))

    def check(self, state, key, fields, name):
        """A Job, or the refusal."""
        if unknown := set(fields) - FIELDS:
            return self.error(400, "Unrecognized request argument supplied: " + sorted(unknown)[0])
        model = model_of(state, name)
        if model is None:
            return self.no_model(name)
        dimensions = fields.get("dimensions")
        if dimensions is not None and not model.smallest:
            return self.error(400, "This model does not support specifying dimensions.")
        if dimensions is not None and not model.allows(dimensions):
            return self.error(400, f"Invalid value for 'dimensions' = {dimensions}. Must be less than "
                                   f"or equal to {model.dimensions}.", param="dimensions")
        inputs = strings(fields.get("input"))
        if not inputs or len(inputs) > MAX_INPUTS or not all(inputs):
            return self.error(400, "'$.input' is invalid. Please check the API reference: "
                                   "https://platform.openai.com/docs/api-reference.")
        counts = [state.tokens.count(text) for text in inputs]
        return self.too_large(model, inputs, counts) or Job(
            key, name, inputs, dimensions or model.dimensions, counts,
            base64=fields.get("encoding_format") == "base64")

    def too_large(self, model, inputs, counts):
        for tokens in counts:
            if tokens > model.max_text_tokens:
                return self.error(400, f"This model's maximum context length is {model.max_text_tokens} "
                                       f"tokens, however you requested {tokens} tokens ({tokens} in your "
                                       "prompt; 0 for the completion). Please reduce your prompt; or "
                                       "completion length.")
        # The limit of a request is counted in quarters of bytes, whatever is billed.
        total = sum(-(-len(text.encode()) // 4) for text in inputs)
        if model.max_request_tokens and total > model.max_request_tokens:
            return self.error(400, f"Requested {total} tokens, max {model.max_request_tokens} tokens per "
                                   "request", kind="max_tokens_per_request", code="max_tokens_per_request")
        return None

    def throttled(self, job, quota, unit, seconds):
        limit = quota.limits[unit] if quota else 1
        model = job.model if job else "the model"
        return self.error(
            429, f"Rate limit reached for {model} in organization org-test on {UNITS[unit]}: Limit "
                 f"{limit}, Used {limit}, Requested 1. Please try again in {duration(seconds)}. Visit "
                 "https://platform.openai.com/account/rate-limits to learn more.",
            kind="requests" if unit == "requests" else "tokens", code="rate_limit_exceeded",
            headers={"retry-after-ms": str(max(1, int(seconds * 1000))), **openai_headers(quota)})

    def trouble(self, status):
        return self.error(status, "The server had an error while processing your request. Sorry about "
                                  "that!", kind="server_error")

    def answer(self, job, items, quota):
        encode = (lambda v: f'"{as_base64(v)}"') if job.base64 else as_json
        data = ",".join(f'{{"object":"embedding","index":{i},"embedding":{encode(v)}}}'
                        for i, v in items)
        body = (f'{{"object":"list","data":[{data}],"model":"{job.model}","usage":'
                f'{{"prompt_tokens":{job.tokens},"total_tokens":{job.tokens}}}}}')
        return Answer(200, body.encode(), {
            "Content-Type": "application/json", "x-request-id": f"req_{next(self.request_ids):08d}",
            "openai-processing-ms": "1", "openai-version": "2020-10-01", **openai_headers(quota)})


class Compatible(Openai):
    """A server of another make: lists of numbers whatever is asked for, errors in its own dialect, no
    usage, no headers. Wants no key."""

    name = "compat"
    path = "/compat/v1/embeddings"
    usage_path = ""

    def error(self, status, message, kind="BadRequestError", param=None, code=None, headers=None):
        return json_answer(status, {"object": "error", "message": message, "type": kind,
                                    "param": param, "code": status})

    def key(self, request):
        return "sk-test"

    def answer(self, job, items, quota):
        data = ",".join(f'{{"object":"embedding","index":{i},"embedding":{as_json(v)}}}'
                        for i, v in items)
        return Answer(200, f'{{"object":"list","data":[{data}],"model":"{job.model}"}}'.encode(),
                      {"Content-Type": "application/json"})
