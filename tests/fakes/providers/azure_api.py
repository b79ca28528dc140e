"""Azure OpenAI: POST /openai/deployments/{deployment}/embeddings?api-version=... Every model is deployed by
its own name."""

import math
import re

from openai_api import Openai
from quota import openai_headers
from wire import json_answer

PATH = re.compile(r"/azure/openai/deployments/([^/]+)/embeddings")


class Azure(Openai):
    name = "azure"
    usage_path = ""

    def error(self, status, message, kind="invalid_request_error", param=None, code=None, headers=None):
        body = {"error": {"code": code or str(status), "message": message}}
        return json_answer(status, body, headers)

    def key(self, request):
        return request.headers.get("api-key", "")

    def bad_key(self, key):
        return self.error(401, "Access denied due to invalid subscription key or wrong API endpoint. Make "
                               "sure to provide a valid key for an active subscription and use a correct "
                               "regional API endpoint for your resource.")

    def no_model(self, model):
        return self.error(404, "The API deployment for this resource does not exist. If you created the "
                               "deployment within the last 5 minutes, please wait a moment and try again.",
                          code="DeploymentNotFound")

    def read(self, state, request):
        match = PATH.fullmatch(request.path)
        if request.method != "POST" or not match or "api-version" not in request.query:
            return self.error(404, "Resource not found")
        key = self.key(request)
        if key not in state.keys:
            return self.bad_key(key)
        try:
            fields = request.json()
        except ValueError:
            return self.error(400, "We could not parse the JSON body of your request.")
        return self.check(state, key, fields, match[1])

    def throttled(self, job, quota, unit, seconds):
        what = "call rate limit" if unit == "requests" else "token rate limit"
        wait = max(1, math.ceil(seconds))
        return self.error(
            429, "Requests to the Embeddings_Create Operation under Azure OpenAI API version 2024-10-21 "
                 f"have exceeded {what} of your current OpenAI S0 pricing tier. Please retry after {wait} "
                 "seconds.",
            headers={"retry-after": str(wait), "retry-after-ms": str(max(1, int(seconds * 1000))),
                     **openai_headers(quota)})
