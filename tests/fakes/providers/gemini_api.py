"""Gemini: POST /v1beta/models/{model}:batchEmbedContents (or /v1), and :embedContent for one text. Every text counts
as a request of the quota. Texts that are too long are cut without a word."""

import re

from catalogue import model_of
from protocol import Job, Protocol
from vectors import as_json
from wire import Answer, json_answer

MAX_REQUESTS = 100
PATH = re.compile(r"/gemini/v1(?:beta)?/models/([^/:]+):(batchEmbedContents|embedContent|countTokens)")
FIELDS = {"model", "content", "taskType", "title", "outputDimensionality"}
TASKS = {None, "RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT", "SEMANTIC_SIMILARITY", "CLASSIFICATION",
         "CLUSTERING", "QUESTION_ANSWERING", "FACT_VERIFICATION", "CODE_RETRIEVAL_QUERY"}
TYPE = "type.googleapis.com/google.rpc."
REASONS = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
           429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}


def refuse(code, message, details=None):
    error = {"code": code, "message": message, "status": REASONS.get(code, "UNKNOWN")}
    if details:
        error["details"] = details
    return json_answer(code, {"error": error})


def text_of(request):
    parts = request.get("content", {}).get("parts", [])
    return "".join(part.get("text", "") for part in parts)


class Gemini(Protocol):
    name = "gemini"

    def read(self, state, request):
        match = PATH.fullmatch(request.path)
        if request.method != "POST" or not match:
            return refuse(404, "Requested entity was not found.")
        key = request.headers.get("x-goog-api-key", request.query.get("key", ""))
        if key not in state.keys:
            return refuse(400, "API key not valid. Please pass a valid API key.",
                          [{"@type": TYPE + "ErrorInfo", "reason": "API_KEY_INVALID",
                            "domain": "googleapis.com"}])
        try:
            fields = request.json()
        except ValueError:
            return refuse(400, "Invalid JSON payload received.")
        name, method = match.groups()
        model = model_of(state, name)
        if model is None:
            return refuse(404, f"models/{name} is not found for API version v1beta, or is not supported "
                               f"for {method}. Call ListModels to see the list of available models.")
        if method == "countTokens":
            total = sum(state.tokens.count(text_of({"content": c})) for c in fields["contents"])
            return json_answer(200, {"totalTokens": total})
        single = method == "embedContent"
        requests = [{"model": f"models/{name}", **fields}] if single else fields.get("requests", [])
        return self.check(requests, name, model) or self.job(state, key, name, model, requests, single)

    def check(self, requests, name, model):
        if not requests:
            return refuse(400, "* BatchEmbedContentsRequest.requests: at least one request is required\n")
        if len(requests) > MAX_REQUESTS:
            return refuse(400, f"* BatchEmbedContentsRequest.requests: at most {MAX_REQUESTS} requests can "
                               "be in one batch\n")
        for i, request in enumerate(requests):
            if unknown := set(request) - FIELDS:
                return refuse(400, f"Invalid JSON payload received. Unknown name "
                                   f'"{sorted(unknown)[0]}" at \'requests[{i}]\': Cannot find field.')
            if request.get("model") != f"models/{name}":
                return refuse(400, f"* BatchEmbedContentsRequest.requests[{i}].model: model must match "
                                   "the model of the batch request\n")
            if not text_of(request):
                return refuse(400, f"* BatchEmbedContentsRequest.requests[{i}].content: content is "
                                   "empty\n")
            if request.get("taskType") not in TASKS:
                return refuse(400, f"Invalid value at 'requests[{i}].task_type'")
            if not model.allows(request.get("outputDimensionality") or model.dimensions):
                return refuse(400, f"* EmbedContentRequest.output_dimensionality: must be between "
                                   f"{model.smallest} and {model.dimensions}\n")
        return None

    def job(self, state, key, name, model, requests, single):
        texts = [text_of(request) for request in requests]
        counts = [min(model.max_text_tokens, state.tokens.count(text)) for text in texts]
        dimensions = requests[0].get("outputDimensionality") or model.dimensions
        return Job(key, name, texts, dimensions, counts,
                   extra={"single": single, "says_usage": state.gemini_says_usage})

    def units(self, job):
        return {**super().units(job), "requests": len(job.texts)}

    def throttled(self, job, quota, unit, seconds):
        quota_id = {"requests": "BatchEmbedContentsRequestsPerMinutePerProjectPerRegion",
                    "tokens": "EmbedContentInputTokensPerMinutePerProject"}.get(unit, unit)
        return refuse(429, "You exceeded your current quota, please check your plan and billing details.", [
            {"@type": TYPE + "QuotaFailure", "violations": [
                {"quotaMetric": "generativelanguage.googleapis.com/embed_content_requests",
                 "quotaId": quota_id}]},
            {"@type": TYPE + "Help", "links": [
                {"description": "Learn more about Gemini API quotas",
                 "url": "https://ai.google.dev/gemini-api/docs/rate-limits"}]},
            {"@type": TYPE + "RetryInfo", "retryDelay": f"{seconds:.3f}s"}])

    def trouble(self, status):
        return refuse(status, "The model is overloaded. Please try again later.")

    def answer(self, job, items, quota):
        vectors = ",".join(f'{{"values":{as_json(v)}}}' for _, v in items)
        body = f'"embedding":{vectors}' if job.extra["single"] else f'"embeddings":[{vectors}]'
        if job.extra["says_usage"]:
            body += f',"usageMetadata":{{"promptTokenCount":{job.tokens}}}'
        return Answer(200, f"{{{body}}}".encode(), {"Content-Type": "application/json; charset=UTF-8"})
