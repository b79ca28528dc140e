"""OpenAI: POST /openai/v1/embeddings."""

import base64
import itertools
import json
import struct

from answer import json_answer
from bill import count_tokens
from quota import duration
from vectors import vector_of

MAX_INPUTS = 2048
MAX_INPUT_TOKENS = 8192
MAX_REQUEST_TOKENS = 300_000
FIELDS = {"input", "model", "encoding_format", "dimensions", "user"}
request_ids = itertools.count(1)


def error(status, message, kind="invalid_request_error", param=None, code=None, headers=None):
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return json_answer(status, body, headers)


def answer(state, method, path, headers, body, fault):
    if method != "POST" or path.split("?")[0] != "/openai/v1/embeddings":
        return error(404, f"Invalid URL ({method} {path})")
    key = headers.get("Authorization", "").removeprefix("Bearer ")
    if key not in state.keys:
        return error(401, f"Incorrect API key provided: {key[:6]}****{key[-4:]}. You can find your "
                          "API key at https://platform.openai.com/account/api-keys.",
                     code="invalid_api_key")
    try:
        request = json.loads(body)
    except ValueError:
        return error(400, "We could not parse the JSON body of your request.")
    refusal = check(state, request)
    if refusal:
        return refusal
    inputs = request["input"] if isinstance(request["input"], list) else [request["input"]]
    quota = state.quota
    lacking = quota.take(sum(map(count_tokens, inputs))) if quota else None
    if lacking:
        return throttled(quota, request["model"], *lacking)
    return embed(state, request, inputs, fault)


def check(state, request):
    """None, or the refusal."""
    unknown = set(request) - FIELDS
    if unknown:
        return error(400, f"Unrecognized request argument supplied: {sorted(unknown)[0]}")
    model = request.get("model")
    if model not in state.models:
        return error(404, f"The model `{model}` does not exist or you do not have access to it.",
                     code="model_not_found")
    dimensions = request.get("dimensions")
    if dimensions is not None and "embedding-3" not in model:
        return error(400, "This model does not support specifying dimensions.")
    if dimensions is not None and not 1 <= dimensions <= state.models[model]:
        return error(400, f"Invalid value for 'dimensions' = {dimensions}. Must be less than or equal "
                          f"to {state.models[model]}.", param="dimensions")
    inputs = request.get("input")
    inputs = inputs if isinstance(inputs, list) else [inputs]
    if not inputs or len(inputs) > MAX_INPUTS or not all(isinstance(x, str) and x for x in inputs):
        return error(400, "'$.input' is invalid. Please check the API reference: "
                          "https://platform.openai.com/docs/api-reference.", param=None)
    for text in inputs:
        tokens = count_tokens(text)
        if tokens > MAX_INPUT_TOKENS:
            return error(400, f"This model's maximum context length is {MAX_INPUT_TOKENS} tokens, "
                              f"however you requested {tokens} tokens ({tokens} in your prompt; 0 for "
                              "the completion). Please reduce your prompt; or completion length.")
    total = sum(-(-len(text.encode()) // 4) for text in inputs)
    if total > MAX_REQUEST_TOKENS:
        return error(400, f"Requested {total} tokens, max {MAX_REQUEST_TOKENS} tokens per request",
                     kind="max_tokens_per_request", code="max_tokens_per_request")
    return None


def throttled(quota, model, unit, seconds):
    name = {"tokens": "tokens per min (TPM)", "requests": "requests per min (RPM)"}[unit]
    limit = quota.limits[unit]
    return error(429, f"Rate limit reached for {model} in organization org-test on {name}: Limit "
                      f"{limit}, Used {limit}, Requested 1. Please try again in {duration(seconds)}. "
                      "Visit https://platform.openai.com/account/rate-limits to learn more.",
                 kind=unit, code="rate_limit_exceeded",
                 headers={"retry-after-ms": str(max(1, int(seconds * 1000))), **quota.headers()})


def embed(state, request, inputs, fault):
    dimensions = request.get("dimensions") or state.models[request["model"]]
    items = [(i, vector_of(text, dimensions)) for i, text in enumerate(inputs)]
    tokens = sum(map(count_tokens, inputs))
    if fault is None or fault.billed:
        tokens = state.bill.add(inputs)
    if fault:
        fault.spoil(items)
    as_base64 = request.get("encoding_format") == "base64"
    data = [{"object": "embedding", "index": i, "embedding": encode(v) if as_base64 else v}
            for i, v in items]
    headers = {"x-request-id": f"req_{next(request_ids):08d}", "openai-processing-ms": "1",
               "openai-version": "2020-10-01", **(state.quota.headers() if state.quota else {})}
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return json_answer(200, {"object": "list", "data": data, "model": request["model"],
                             "usage": usage}, headers)


def encode(vector):
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
