from google import genai
from google.genai import errors, types

from base import KEY, TEXTS, URL, StandInTest

MODEL = "gemini-embedding-001"


class GeminiTest(StandInTest):
    def client(self, key=KEY):
        return genai.Client(api_key=key, http_options={"base_url": f"{URL}/gemini"})

    def embed(self, texts=TEXTS, model=MODEL, client=None, **config):
        client = client or self.client()  # held: it closes its connections when it goes
        return client.models.embed_content(model=model, contents=texts, config=config)

    def test_vectors(self):
        answer = self.embed(task_type="RETRIEVAL_DOCUMENT")
        self.assert_vectors([e.values for e in answer.embeddings], TEXTS, 3072)
        small = self.embed(output_dimensionality=768)
        self.assert_vectors([e.values for e in small.embeddings], TEXTS, 768)

    def test_the_second_model_takes_contents(self):
        contents = [types.Content(parts=[types.Part(text=text)]) for text in TEXTS]
        answer = self.embed(contents, "gemini-embedding-2")
        self.assert_vectors([e.values for e in answer.embeddings], TEXTS, 3072)

    def test_usage_is_said_or_not(self):
        self.assertEqual(self.embed().usage_metadata.prompt_token_count,
                         self.control("bill")["tokens"])
        self.control("settings", {"gemini_says_usage": False})
        self.assertIsNone(self.embed().usage_metadata)

    def test_refusals(self):
        with self.assertRaises(errors.ClientError) as raised:
            self.embed(client=self.client("wrong"))
        self.assertEqual(raised.exception.code, 400)
        self.assertIn("API key not valid", raised.exception.message)
        with self.assertRaises(errors.ClientError) as raised:
            self.embed(model="nothing")
        self.assertEqual(raised.exception.status, "NOT_FOUND")
        with self.assertRaises(errors.ClientError) as raised:
            self.embed(["x"] * 101)
        self.assertIn("at most 100 requests can be in one batch", raised.exception.message)
        with self.assertRaises(errors.ClientError):
            self.embed(output_dimensionality=64)

    def test_every_text_counts_as_a_request(self):
        self.control("settings", {"quota": {"gemini": {"requests_per_minute": 5}}})
        self.embed()
        with self.assertRaises(errors.ClientError) as raised:
            self.embed()
        self.assertEqual(raised.exception.status, "RESOURCE_EXHAUSTED")
        details = raised.exception.details["error"]["details"]
        self.assertTrue(any(d["@type"].endswith("RetryInfo") for d in details))

    def test_trouble(self):
        self.faults({"kind": "trouble"})
        with self.assertRaises(errors.ServerError) as raised:
            self.embed()
        self.assertEqual(raised.exception.status, "UNAVAILABLE")
