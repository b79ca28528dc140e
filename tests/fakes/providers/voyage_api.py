"""Voyage: POST /v1/embeddings."""

import math
import time

from catalogue import model_of
from protocol import Job, Protocol, bearer, strings
from vectors import as_base64, as_json
from wire import Answer, json_answer

MAX_INPUTS = 1000
FIELDS = {"input", "model", "input_type", "truncation", "output_dimension", "output_dtype",
          "encoding_format"}


def refuse(status, detail, headers=None):
    return json_answer(status, {"detail": detail}, headers)


class Voyage(Protocol):
    name = "voyage"

    def read(self, state, request):
        if request.method != "POST" or request.path != "/voyage/v1/embeddings":
            return refuse(404, "Not Found")
        key = bearer(request)
        if key not in state.keys:
            return refuse(401, "Provided API key is invalid.")
        try:
            fields = request.json()
        except ValueError:
            return refuse(422, [{"loc": ["body"], "msg": "JSON decode error", "type": "value_error"}])
        return self.check_fields(fields) or self.check(state, key, fields)

    def check_fields(self, fields):
        if unknown := set(fields) - FIELDS:
            return refuse(400, f"Argument '{sorted(unknown)[0]}' is not supported by our API.")
        if strings(fields.get("input")) is None:
            return refuse(422, [{"loc": ["body", "input"], "msg": "str type expected",
                                 "type": "type_error.str"}])
        if fields.get("input_type") not in (None, "query", "document"):
            return refuse(400, f"Value '{fields['input_type']}' provided for argument 'input_type' is "
                               "invalid. Valid values are 'query', 'document', and null.")
        if fields.get("output_dtype") not in (None, "float"):
            return refuse(400, "the stand-in knows no other 'output_dtype' than float")
        return None

    def check(self, state, key, fields):
        name = fields.get("model")
        model = model_of(state, name)
        if model is None:
            known = [model for model in state.models if model.startswith("voyage")]
            return refuse(400, f"Model {name} is not supported. Supported models are {known}.")
        dimensions = fields.get("output_dimension")
        if dimensions is not None and not model.allows(dimensions):
            return refuse(400, f"Value '{dimensions}' provided for argument 'output_dimension' is not "
                               f"supported for model '{name}'.")
        inputs = strings(fields["input"])
        if not inputs or not all(inputs):
            return refuse(400, "Input cannot contain empty strings or empty lists")
        if len(inputs) > MAX_INPUTS:
            return refuse(400, f"The batch size limit is {MAX_INPUTS}. Your batch size is {len(inputs)}.")
        counts = [state.tokens.count(text) for text in inputs]
        for i, tokens in enumerate(counts):
            if tokens > model.max_text_tokens and not fields.get("truncation", True):
                return refuse(400, f"The example at index {i} in your batch has too many tokens and does "
                                   "not fit into the model's context window of "
                                   f"{model.max_text_tokens} tokens.")
        counts = [min(tokens, model.max_text_tokens) for tokens in counts]
        if model.max_request_tokens and sum(counts) > model.max_request_tokens:
            return refuse(400, f"The max allowed tokens per submitted batch is {model.max_request_tokens}. "
                               f"Your batch has {sum(counts)} tokens after truncation. Please lower the "
                               "number of tokens in the batch.")
        return Job(key, name, inputs, dimensions or model.dimensions, counts,
                   base64=fields.get("encoding_format") == "base64")

    def throttled(self, job, quota, unit, seconds):
        return refuse(429, "You have exceeded your rate limit. Please reduce the frequency of your "
                           "requests.",
                      {"Retry-After": str(math.ceil(seconds)),
                       "X-RateLimit-Reset": str(math.ceil(time.time() + seconds))})

    def trouble(self, status):
        return refuse(status, "An internal error has occurred.")

    def answer(self, job, items, quota):
        encode = (lambda v: f'"{as_base64(v)}"') if job.base64 else as_json
        data = ",".join(f'{{"object":"embedding","embedding":{encode(v)},"index":{i}}}'
                        for i, v in items)
        body = (f'{{"object":"list","data":[{data}],"model":"{job.model}",'
                f'"usage":{{"total_tokens":{job.tokens}}}}}')
        return Answer(200, body.encode(), {"Content-Type": "application/json"})
