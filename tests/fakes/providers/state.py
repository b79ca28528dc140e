"""What a stand-in knows and remembers. Safe for concurrent use."""

import threading
from collections import deque

from bill import Bill
from faults import Faults
from quota import Quota

REMEMBERED = 1000


class State:
    def __init__(self):
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        with self.lock:
            self.keys = {"sk-test"}
            self.models = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072,
                           "text-embedding-ada-002": 1536}
            self.quota = None
            self.bill = Bill()
            self.faults = Faults()
            self._requests = deque(maxlen=REMEMBERED)

    def configure(self, settings):
        """keys: accepted API keys. models: {name: dimensions}. quota: {"tokens_per_minute",
        "requests_per_minute"}, or null for none."""
        with self.lock:
            if "keys" in settings:
                self.keys = set(settings["keys"])
            if "models" in settings:
                self.models = dict(settings["models"])
            if "quota" in settings:
                self.quota = Quota(**settings["quota"]) if settings["quota"] else None

    def remember(self, path, headers, body):
        shown = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        with self.lock:
            self._requests.append(
                {"path": path, "headers": shown, "body": body.decode("utf-8", "replace")})

    def requests(self):
        with self.lock:
            return list(self._requests)
