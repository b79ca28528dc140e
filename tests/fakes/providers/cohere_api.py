"""Cohere: POST /v2/embed. Inputs per minute are what its quota counts."""

import itertools
import json
import math
import time

from catalogue import model_of
from protocol import Job, Protocol, bearer, strings
from vectors import as_base64, as_json
from wire import Answer, json_answer

MAX_TEXTS = 96
INPUT_TYPES = {"search_document", "search_query", "classification", "clustering", "image"}
EMBEDDING_TYPES = {"float", "base64"}
FIELDS = {"model", "input_type", "texts", "embedding_types", "output_dimension", "truncate", "max_tokens",
          "priority", "images", "inputs"}


def refuse(status, message, headers=None):
    return json_answer(status, {"id": "00000000-0000-0000-0000-000000000000", "message": message}, headers)


class Cohere(Protocol):
    name = "cohere"
    ids = itertools.count(1)

    def read(self, state, request):
        if request.method != "POST" or request.path != "/cohere/v2/embed":
            return json_answer(404, {"message": "404 page not found"})
        key = bearer(request)
        if key not in state.keys:
            return refuse(401, "invalid api token")
        try:
            fields = request.json()
        except ValueError:
            return refuse(400, "invalid request: json: syntax error")
        return self.check_fields(fields) or self.check(state, key, fields)

    def check_fields(self, fields):
        if unknown := set(fields) - FIELDS:
            return refuse(400, f"invalid request: unknown field '{sorted(unknown)[0]}'")
        if fields.get("input_type") not in INPUT_TYPES:
            return refuse(400, "invalid request: valid input_type must be provided with the provided model")
        if not set(fields.get("embedding_types", ["float"])) <= EMBEDDING_TYPES:
            return refuse(400, "invalid request: the stand-in knows the embedding_types float and base64")
        if fields.get("truncate", "END") not in ("NONE", "START", "END"):
            return refuse(400, "invalid request: truncate must be one of NONE, START, END")
        texts = strings(fields.get("texts"))
        if not texts:
            return refuse(400, "invalid request: texts must be provided")
        if len(texts) > MAX_TEXTS:
            return refuse(400, f"invalid request: total number of texts must be at most {MAX_TEXTS} - "
                               f"received {len(texts)}")
        if not all(texts):
            return refuse(400, "invalid request: texts cannot contain empty strings")
        return None

    def check(self, state, key, fields):
        name = fields.get("model")
        model = model_of(state, name)
        if model is None:
            return refuse(404, f"model '{name}' not found, make sure the correct model ID was used and "
                               "that you have access to the model.")
        dimensions = fields.get("output_dimension") or model.dimensions
        if not model.allows(dimensions):
            return refuse(400, "invalid request: output_dimension must be one of "
                               f"{sorted((*model.choices, model.dimensions))}")
        texts = strings(fields["texts"])
        counts = [state.tokens.count(text) for text in texts]
        if fields.get("truncate", "END") == "NONE" and max(counts) > model.max_text_tokens:
            return refuse(400, f"too many tokens: size limit exceeded by "
                               f"{max(counts) - model.max_text_tokens} tokens. Try using shorter or fewer "
                               "inputs, or setting truncate='END'.")
        counts = [min(tokens, model.max_text_tokens) for tokens in counts]
        return Job(key, name, texts, dimensions, counts,
                   extra={"types": fields.get("embedding_types", ["float"])})

    def throttled(self, job, quota, unit, seconds):
        limit = quota.limits[unit] if quota else 1
        what = {"tokens": "tokens", "requests": "calls", "items": "inputs"}.get(unit, unit)
        return refuse(429, f"trial token rate limit exceeded, limit is {limit} {what} per minute",
                      {"x-ratelimit-reset": str(math.ceil(time.time() + seconds))})

    def trouble(self, status):
        return refuse(status, "internal server error, this has been reported to our developers")

    def answer(self, job, items, quota):
        encoders = {"float": as_json, "base64": lambda v: f'"{as_base64(v)}"'}
        vectors = ",".join(f'"{kind}":[' + ",".join(encoders[kind](v) for _, v in items) + "]"
                           for kind in job.extra["types"])
        meta = {"api_version": {"version": "2"}, "billed_units": {"input_tokens": job.tokens},
                "warnings": []}
        texts = json.dumps(job.texts, ensure_ascii=False)
        body = (f'{{"id":"00000000-0000-0000-0000-{next(self.ids):012d}","embeddings":{{{vectors}}},'
                f'"texts":{texts},"meta":{json.dumps(meta)},"response_type":"embeddings_by_type"}}')
        return Answer(200, body.encode(), {"Content-Type": "application/json"})
