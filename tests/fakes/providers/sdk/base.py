"""What the tests of the stand-in share: one server for all, reset before each test. The clients are the
providers' own SDKs, so what they accept is what a provider may say."""

import atexit
import json
import os
import pathlib
import subprocess
import sys
import unittest
import urllib.request

FOLDER = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(FOLDER))
os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1"

from vectors import vector_of  # noqa: E402

TEXTS = ["first text", "zweiter Text, größer", "третий", "四つ目のテキスト"]
KEY = "sk-test"


def start():
    server = subprocess.Popen([FOLDER / "run.sh"], stdout=subprocess.PIPE, text=True)
    atexit.register(server.kill)
    line = server.stdout.readline()
    if not line.startswith("listening on "):
        raise RuntimeError("the stand-in did not start")
    return int(line.split()[-1])


PORT = start()
URL = f"http://127.0.0.1:{PORT}"


class StandInTest(unittest.TestCase):
    def setUp(self):
        self.control("reset", {})

    def control(self, what, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{URL}/control/{what}", data) as answer:
            return json.load(answer)

    def faults(self, *faults):
        self.control("faults", {"faults": list(faults)})

    def requests(self):
        return self.control("requests")

    def assert_vectors(self, vectors, texts, dimensions):
        self.assertEqual(len(vectors), len(texts))
        for vector, text in zip(vectors, texts):
            self.assertEqual(len(vector), dimensions)
            for got, wanted in zip(vector, vector_of(text, dimensions).tolist()):
                self.assertAlmostEqual(got, wanted, places=6)
