"""Servers of one's own: Ollama and Text Embeddings Inference."""

import json
import urllib.request

import huggingface_hub
import ollama
from huggingface_hub.errors import HfHubHTTPError, InferenceTimeoutError

from base import TEXTS, URL, StandInTest


class OllamaTest(StandInTest):
    def setUp(self):
        super().setUp()
        self.client = ollama.Client(host=f"{URL}/ollama")

    def test_vectors_and_usage(self):
        answer = self.client.embed("nomic-embed-text", TEXTS, truncate=False)
        self.assert_vectors(answer.embeddings, TEXTS, 768)
        self.assertEqual(answer.prompt_eval_count, self.control("bill")["tokens"])
        small = self.client.embed("bge-m3:latest", TEXTS, dimensions=64)
        self.assert_vectors(small.embeddings, TEXTS, 64)
        self.assertEqual(self.client.embed("bge-m3", []).embeddings, [])

    def test_what_it_has(self):
        self.assertIn("all-minilm:latest", [m.model for m in self.client.list().models])
        self.assertEqual(self.client.show("all-minilm").modelinfo["bert.embedding_length"], 384)

    def test_refusals(self):
        with self.assertRaises(ollama.ResponseError) as raised:
            self.client.embed("nothing", TEXTS)
        self.assertEqual(raised.exception.status_code, 404)
        with self.assertRaises(ollama.ResponseError) as raised:
            self.client.embed("all-minilm", ["x" * 4000], truncate=False)
        self.assertEqual(raised.exception.error, "the input length exceeds the context length")
        self.client.embed("all-minilm", ["x" * 4000])
        self.control("settings", {"ollama": {"max_queue": 0}})
        with self.assertRaises(ollama.ResponseError) as raised:
            self.client.embed("all-minilm", TEXTS)
        self.assertEqual(raised.exception.status_code, 503)


class TeiTest(StandInTest):
    def embed(self, texts=TEXTS, **more):
        client = huggingface_hub.InferenceClient(model=f"{URL}/tei")
        return client.feature_extraction(texts, **more)

    def test_vectors(self):
        self.assert_vectors(self.embed(normalize=True, truncate=False).tolist(), TEXTS, 384)
        self.assert_vectors(self.embed("one").tolist(), ["one"], 384)

    def test_info(self):
        self.control("settings", {"tei": {"max_client_batch_size": 7}})
        with urllib.request.urlopen(f"{URL}/tei/info") as answer:
            info = json.load(answer)
        self.assertEqual(info["max_client_batch_size"], 7)
        self.assertEqual(info["model_id"], "BAAI/bge-small-en-v1.5")

    def test_refusals(self):
        for texts, more in ((["x"] * 33, {}), (["x" * 4000], {"truncate": False})):
            with self.assertRaises(HfHubHTTPError) as raised:
                self.embed(texts, **more)
            self.assertEqual(raised.exception.response.status_code, 422)
        self.embed(["x" * 4000])
        self.control("settings", {"tei": {"max_concurrent_requests": 0}})
        with self.assertRaises((HfHubHTTPError, InferenceTimeoutError)) as raised:
            self.embed()
        self.assertEqual(raised.exception.response.status_code, 429)
