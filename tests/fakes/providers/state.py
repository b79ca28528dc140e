"""What a stand-in knows and remembers."""

import time
from collections import Counter, deque

from bill import Bill
from catalogue import MODELS
from faults import Faults
from journal import Journal
from quota import Quota
from tokens import Tokens

REMEMBERED = 1000
SECRET_HEADERS = {"authorization", "api-key", "x-goog-api-key"}
TEI = {"model_id": "BAAI/bge-small-en-v1.5", "max_client_batch_size": 32, "max_input_length": 512,
       "max_batch_tokens": 16384, "max_concurrent_requests": 512, "auto_truncate": True,
       "payload_limit": 2_000_000}
OLLAMA = {"max_queue": 512}


class State:
    def __init__(self):
        self.reset()

    def reset(self):
        self.keys = {"sk-test"}
        self.open_servers = True  # Ollama and TEI want no key
        self.models = {name: model.dimensions for name, model in MODELS.items()}
        self.tei = dict(TEI)
        self.ollama = dict(OLLAMA)
        self.gemini_says_usage = True
        self.tokens = Tokens()
        self.latency = (0, 0)
        self.quota_settings = {}
        self.quotas = {}
        self.in_flight = Counter()
        self.bill = Bill()
        self.stats = Stats()
        self.journal = Journal()
        self.faults = Faults()
        self.requests = deque(maxlen=REMEMBERED)
        self.remembering = True

    def configure(self, settings):
        """keys: accepted API keys. open_servers: false when Ollama and TEI want one as well.
        models: {name: dimensions}, all there are. tei, ollama: see above, what is to change.
        gemini_says_usage: whether its answers say the tokens.
        quota: see quota.py; for all providers, or {provider: {...}}; null for none.
        tokenizer: {"tokenizer", "library", "token_ratio"}, see tokens.py.
        latency: {"ms": of every request, "ms_per_1k_tokens"}.
        remember: false keeps no requests (long runs)."""
        known = {"keys", "open_servers", "models", "tei", "ollama", "gemini_says_usage", "quota",
                 "tokenizer", "latency", "remember"}
        if unknown := set(settings) - known:
            raise ValueError(f"unknown setting {sorted(unknown)[0]}")
        if "keys" in settings:
            self.keys = set(settings["keys"])
        self.open_servers = settings.get("open_servers", self.open_servers)
        if "models" in settings:
            self.models = dict(settings["models"])
        self.tei.update(settings.get("tei", {}))
        self.ollama.update(settings.get("ollama", {}))
        self.gemini_says_usage = settings.get("gemini_says_usage", self.gemini_says_usage)
        if "quota" in settings:
            self.quota_settings = settings["quota"] or {}
            self.quotas = {}
            Quota(**self.quota_of_provider("any"))  # says what is wrong with it now
        if "tokenizer" in settings:
            self.tokens = Tokens(**settings["tokenizer"])
        if "latency" in settings:
            self.latency = (settings["latency"].get("ms", 0),
                            settings["latency"].get("ms_per_1k_tokens", 0))
        self.remembering = settings.get("remember", self.remembering)

    def quota_of_provider(self, provider):
        settings = self.quota_settings
        if any(isinstance(value, dict) for value in settings.values()):
            return settings.get(provider, {})
        return settings

    def quota_of(self, provider, key, model):
        settings = self.quota_of_provider(provider)
        if not settings:
            return None
        found = self.quotas.get((provider, key, model))
        if found is None:
            found = self.quotas[provider, key, model] = Quota(**settings)
        return found

    def delay(self, tokens):
        return (self.latency[0] + self.latency[1] * tokens / 1000) / 1000

    def remember(self, request):
        if not self.remembering:
            return
        shown = {name: value for name, value in request.headers.items()
                 if name not in SECRET_HEADERS}
        self.requests.append({"path": request.path, "query": request.query, "headers": shown,
                              "with_key": sorted(SECRET_HEADERS & set(request.headers)),
                              "body": request.body.decode("utf-8", "replace")})


class Stats:
    """How the quota was used: answers by status, and what was let in between the first and the last."""

    def __init__(self):
        self.statuses = {}
        self.models = {}

    def answered(self, provider, status):
        self.statuses.setdefault(provider, Counter())[str(status)] += 1

    def admitted(self, provider, job):
        now = time.monotonic()
        entry = self.models.setdefault(f"{provider}/{job.model}", {
            "requests": 0, "tokens": 0, "texts": 0, "first": now})
        entry["requests"] += 1
        entry["tokens"] += job.tokens
        entry["texts"] += len(job.texts)
        entry["last"] = now

    def report(self):
        models = {name: {**entry, "seconds": entry["last"] - entry["first"]}
                  for name, entry in self.models.items()}
        return {"statuses": self.statuses, "models": models}
