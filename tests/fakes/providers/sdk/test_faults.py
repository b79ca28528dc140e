"""The stand-in's own machinery: schedules of faults, quotas, the bill."""

import json
import time
import urllib.error
import urllib.request

from base import FOLDER, KEY, URL, StandInTest


def post(texts, port_url=URL):
    body = json.dumps({"input": texts, "model": "text-embedding-3-small", "dimensions": 8}).encode()
    request = urllib.request.Request(f"{port_url}/openai/v1/embeddings", body,
                                     {"Authorization": f"Bearer {KEY}"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class ScheduleTest(StandInTest):
    def statuses(self, count):
        return [post(["x"])[0] for _ in range(count)]

    def test_times_after_and_every(self):
        self.faults({"kind": "trouble", "after": 2, "times": 2})
        self.assertEqual(self.statuses(6), [200, 200, 503, 503, 200, 200])
        self.faults({"kind": "throttle", "every": 3})
        self.assertEqual(self.statuses(6), [200, 200, 429, 200, 200, 429])

    def test_a_rate_is_drawn_from_its_seed(self):
        runs = []
        for _ in range(2):
            self.faults({"kind": "trouble", "rate": 0.3, "seed": 7})
            runs.append(self.statuses(100))
        self.assertEqual(*runs)
        self.assertTrue(10 < runs[0].count(503) < 50, runs[0])

    def test_for_a_time(self):
        self.faults({"kind": "throttle", "for_secs": 3})
        self.assertEqual(self.statuses(2), [429, 429])
        time.sleep(3.1)
        self.assertEqual(self.statuses(2), [200, 200])

    def test_of_one_provider_only(self):
        self.faults({"kind": "trouble", "provider": "voyage", "times": -1})
        self.assertEqual(self.statuses(2), [200, 200])

    def test_the_first_that_applies(self):
        self.faults({"kind": "trouble"}, {"kind": "throttle"})
        self.assertEqual(self.statuses(3), [503, 429, 200])

    def test_what_is_unknown_is_refused(self):
        for what, body in (("faults", {"faults": [{"kind": "odd"}]}), ("settings", {"odd": 1}),
                           ("settings", {"quota": {"odd_per_minute": 1}})):
            with self.assertRaises(urllib.error.HTTPError) as raised:
                self.control(what, body)
            self.assertIn("odd", raised.exception.read().decode())


class AccountTest(StandInTest):
    def test_the_bill_counts_what_was_done_and_no_more(self):
        post(["a", "b", "a"])
        post(["a"])
        for kind, billed in (("trouble", False), ("truncated_json", True), ("nan", True)):
            self.faults({"kind": kind})
            before = self.control("bill")["tokens"]
            post(["cccc dddd"])
            self.assertEqual(self.control("bill")["tokens"] - before, 3 if billed else 0)
        self.faults({"kind": "wrong_count", "billed": False})
        post(["free"])
        bill = self.control("bill")
        self.assertEqual(bill["texts"], {"a": 3, "b": 1, "cccc dddd": 2})
        self.assertEqual(bill["texts_paid_twice"], 2)
        self.assertEqual(bill["models"]["openai/text-embedding-3-small"]["requests"], 4)
        self.assertEqual(self.control("bill?texts=0")["texts"], {})

    def test_another_tokenizer(self):
        self.control("settings", {"tokenizer": {"token_ratio": 1.5}})
        post(["x" * 40])
        self.assertEqual(self.control("bill")["tokens"], 15)

    def test_openais_tokenizer(self):
        library = FOLDER.parents[2] / "build" / "lib" / "libdrift_models.so"
        if not library.exists():
            self.skipTest("libdrift_models.so is not built")
        self.control("settings", {"tokenizer": {"tokenizer": "cl100k", "library": str(library)}})
        post(["hello world", "antidisestablishmentarianism"])
        self.assertEqual(self.control("bill")["tokens"], 2 + 6)

    def test_what_nobody_foresaw_is_an_error_and_no_more(self):
        request = urllib.request.Request(f"{URL}/openai/v1/embeddings", b"[1, 2]",
                                         {"Authorization": f"Bearer {KEY}"})
        with self.assertRaises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(request)
        self.assertEqual(raised.exception.code, 500)
        self.assertEqual(post(["x"])[0], 200)

    def test_a_quota_refills(self):
        self.control("settings", {"quota": {"requests_per_minute": 30, "burst_secs": 4}})
        statuses = [post(["x"])[0] for _ in range(6)]
        self.assertIn(429, statuses)
        time.sleep(2.1)
        self.assertEqual(post(["x"])[0], 200)
        stats = self.control("stats")
        self.assertEqual(stats["statuses"]["openai"]["429"], statuses.count(429))
        self.assertEqual(stats["models"]["openai/text-embedding-3-small"]["texts"],
                         statuses.count(200) + 1)
