import openai

from base import KEY, TEXTS, URL, StandInTest

SMALL = "text-embedding-3-small"


class OpenaiTest(StandInTest):
    def client(self, key=KEY, retries=0):
        return openai.OpenAI(api_key=key, base_url=f"{URL}/openai/v1", max_retries=retries)

    def embed(self, texts=TEXTS, client=None, **more):
        return (client or self.client()).embeddings.create(model=SMALL, input=texts, **more)

    def test_vectors_and_usage(self):
        for more in ({}, {"dimensions": 64}, {"encoding_format": "float"}):
            answer = self.embed(**more)
            vectors = [item.embedding for item in sorted(answer.data, key=lambda item: item.index)]
            self.assert_vectors(vectors, TEXTS, more.get("dimensions", 1536))
            self.assertGreater(answer.usage.prompt_tokens, len(TEXTS))
        self.assertEqual(self.control("bill")["requests"], 3)

    def test_refusals(self):
        with self.assertRaises(openai.AuthenticationError) as raised:
            self.embed(client=self.client("sk-wrong"))
        self.assertEqual(raised.exception.code, "invalid_api_key")
        with self.assertRaises(openai.NotFoundError) as raised:
            self.client().embeddings.create(model="nothing", input="x")
        self.assertEqual(raised.exception.code, "model_not_found")
        for bad in ([], [""], ["x"] * 2049, ["x" * 40_000]):
            with self.assertRaises(openai.BadRequestError):
                self.embed(bad)
        with self.assertRaises(openai.BadRequestError) as raised:
            self.embed(["x" * 30_000] * 50)
        self.assertEqual(raised.exception.code, "max_tokens_per_request")
        self.assertEqual(self.control("bill")["requests"], 0)

    def test_quota_and_its_headers(self):
        self.control("settings", {"quota": {"tokens_per_minute": 600_000, "requests_per_minute": 60,
                                            "project_tokens_per_minute": 300_000}})
        raw = self.client().embeddings.with_raw_response.create(model=SMALL, input="x")
        self.assertEqual(raw.headers["x-ratelimit-limit-tokens"], "600000")
        self.assertEqual(raw.headers["x-ratelimit-remaining-requests"], "59")
        self.assertRegex(raw.headers["x-ratelimit-reset-project-tokens"], r"^\d+(\.\d+)?m?s$")
        self.control("settings", {"quota": {"requests_per_minute": 30, "burst_secs": 2}})
        self.embed()
        with self.assertRaises(openai.RateLimitError) as raised:
            self.embed()
        self.assertEqual(raised.exception.code, "rate_limit_exceeded")
        self.assertGreater(int(raised.exception.response.headers["retry-after-ms"]), 0)
        # The SDK waits as told and gets through.
        self.embed(client=self.client(retries=5))

    def test_the_sdk_tries_again_after_faults(self):
        for kind in ("throttle", "trouble", "reset", "reset_mid_body"):
            self.faults({"kind": kind, "wait": 0.05})
            self.embed(client=self.client(retries=2))
        self.faults({"kind": "trouble", "status": 500})
        with self.assertRaises(openai.InternalServerError):
            self.embed()

    def test_usage_export(self):
        self.embed()
        import httpx
        page = httpx.get(f"{URL}/openai/v1/organization/usage/embeddings",
                         headers={"Authorization": f"Bearer {KEY}"}).json()
        result = page["data"][0]["results"][0]
        self.assertEqual(result["num_model_requests"], 1)
        self.assertEqual(result["input_tokens"], self.control("bill")["tokens"])

    def test_a_server_of_another_make(self):
        client = openai.OpenAI(api_key="none", base_url=f"{URL}/compat/v1", max_retries=0)
        answer = self.embed(client=client, encoding_format="float")
        self.assert_vectors([item.embedding for item in answer.data], TEXTS, 1536)
        self.assertIsNone(answer.usage)


class AzureTest(StandInTest):
    def client(self, key=KEY):
        return openai.AzureOpenAI(api_key=key, azure_endpoint=f"{URL}/azure", api_version="2024-10-21",
                                  max_retries=0)

    def test_vectors(self):
        answer = self.client().embeddings.create(model=SMALL, input=TEXTS, dimensions=32)
        self.assert_vectors([item.embedding for item in answer.data], TEXTS, 32)

    def test_refusals(self):
        with self.assertRaises(openai.AuthenticationError):
            self.client("wrong").embeddings.create(model=SMALL, input=TEXTS)
        with self.assertRaises(openai.NotFoundError) as raised:
            self.client().embeddings.create(model="nothing", input=TEXTS)
        self.assertEqual(raised.exception.code, "DeploymentNotFound")
        self.faults({"kind": "throttle", "wait": 2})
        with self.assertRaises(openai.RateLimitError) as raised:
            self.client().embeddings.create(model=SMALL, input=TEXTS)
        self.assertEqual(raised.exception.response.headers["retry-after"], "2")
