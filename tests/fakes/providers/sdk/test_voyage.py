import voyageai
import voyageai.error

from base import KEY, TEXTS, URL, StandInTest


class VoyageTest(StandInTest):
    def client(self, key=KEY, retries=0):
        return voyageai.Client(api_key=key, base_url=f"{URL}/voyage/v1", max_retries=retries)

    def test_vectors_and_usage(self):
        answer = self.client().embed(TEXTS, model="voyage-4", input_type="document")
        self.assert_vectors(answer.embeddings, TEXTS, 1024)
        self.assertEqual(answer.total_tokens, self.control("bill")["tokens"])
        small = self.client().embed(TEXTS, model="voyage-3.5-lite", output_dimension=256)
        self.assert_vectors(small.embeddings, TEXTS, 256)

    def test_refusals(self):
        with self.assertRaises(voyageai.error.AuthenticationError):
            self.client("wrong").embed(TEXTS, model="voyage-4")
        for texts, more in ((TEXTS, {"model": "nothing"}), ([""], {}), (["x"] * 1001, {}),
                            (TEXTS, {"output_dimension": 300}), (TEXTS, {"input_type": "odd"}),
                            (["x" * 200_000], {"truncation": False}),
                            (["x" * 100_000] * 20, {"model": "voyage-4-large"})):
            with self.assertRaises(voyageai.error.InvalidRequestError):
                self.client().embed(texts, **{"model": "voyage-4", **more})
        self.assertEqual(self.control("bill")["requests"], 0)

    def test_a_long_text_is_cut_without_a_word(self):
        answer = self.client().embed(["x" * 200_000], model="voyage-4")
        self.assertEqual(answer.total_tokens, 32_000)

    def test_faults(self):
        self.faults({"kind": "throttle", "wait": 1})
        with self.assertRaises(voyageai.error.RateLimitError):
            self.client().embed(TEXTS, model="voyage-4")
        self.faults({"kind": "throttle", "wait": 1})
        self.client(retries=2).embed(TEXTS, model="voyage-4")
        self.faults({"kind": "trouble", "status": 500})
        with self.assertRaises(voyageai.error.VoyageError):
            self.client().embed(TEXTS, model="voyage-4")
