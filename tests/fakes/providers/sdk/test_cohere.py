import base64

import cohere
import numpy as np
from cohere.core import ApiError, RequestOptions

from base import KEY, TEXTS, URL, StandInTest

ONCE = RequestOptions(max_retries=0)


class CohereTest(StandInTest):
    def client(self, key=KEY):
        return cohere.ClientV2(api_key=key, base_url=f"{URL}/cohere")

    def embed(self, texts=TEXTS, client=None, **more):
        fields = {"model": "embed-v4.0", "input_type": "search_document", "embedding_types": ["float"],
                  "request_options": ONCE, **more}
        return (client or self.client()).embed(texts=texts, **fields)

    def test_vectors_and_usage(self):
        answer = self.embed()
        self.assert_vectors(answer.embeddings.float_, TEXTS, 1536)
        self.assertEqual(answer.texts, TEXTS)
        self.assertEqual(answer.meta.billed_units.input_tokens, self.control("bill")["tokens"])
        small = self.embed(output_dimension=256, embedding_types=["base64"])
        vectors = [np.frombuffer(base64.b64decode(v), "<f4").tolist() for v in small.embeddings.base64]
        self.assert_vectors(vectors, TEXTS, 256)

    def test_refusals(self):
        with self.assertRaises(cohere.UnauthorizedError):
            self.embed(client=self.client("wrong"))
        with self.assertRaises(cohere.NotFoundError):
            self.embed(model="nothing")
        for texts, more in ((["x"] * 97, {}), ([""], {}), (TEXTS, {"input_type": "odd"}),
                            (TEXTS, {"output_dimension": 300}),
                            (["x" * 600_000], {"truncate": "NONE"})):
            with self.assertRaises(cohere.BadRequestError):
                self.embed(texts, **more)

    def test_inputs_per_minute(self):
        self.control("settings", {"quota": {"items_per_minute": 5}})
        self.embed()
        with self.assertRaises(cohere.TooManyRequestsError) as raised:
            self.embed()
        self.assertIn("inputs per minute", raised.exception.body["message"])
        self.assertIn("x-ratelimit-reset", raised.exception.headers)

    def test_trouble(self):
        self.faults({"kind": "trouble", "status": 500})
        with self.assertRaises(ApiError):
            self.embed()
        self.faults({"kind": "trouble", "status": 503})
        self.embed(request_options=RequestOptions(max_retries=2))
