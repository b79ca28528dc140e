"""Requests and tokens per minute as token buckets that refill continuously. Safe for concurrent use."""

import threading
import time


class Quota:
    def __init__(self, tokens_per_minute=0, requests_per_minute=0):
        self.lock = threading.Lock()
        self.limits = {"tokens": tokens_per_minute, "requests": requests_per_minute}
        self.left = dict(self.limits)
        self.at = time.monotonic()

    def take(self, tokens):
        """Takes one request of `tokens`; None, or what it lacks: (unit, seconds until it would fit)."""
        with self.lock:
            self._refill()
            wanted = {"tokens": tokens, "requests": 1}
            for unit, limit in self.limits.items():
                if limit and self.left[unit] < wanted[unit]:
                    return unit, (wanted[unit] - self.left[unit]) * 60 / limit
            for unit in self.limits:
                self.left[unit] -= wanted[unit]
            return None

    def headers(self):
        """x-ratelimit-... as OpenAI sends them."""
        with self.lock:
            self._refill()
            out = {}
            for unit, limit in self.limits.items():
                if not limit:
                    continue
                left = max(0, int(self.left[unit]))
                out[f"x-ratelimit-limit-{unit}"] = str(limit)
                out[f"x-ratelimit-remaining-{unit}"] = str(left)
                out[f"x-ratelimit-reset-{unit}"] = duration((limit - left) * 60 / limit)
            return out

    def _refill(self):
        now = time.monotonic()
        for unit, limit in self.limits.items():
            self.left[unit] = min(limit, self.left[unit] + limit * (now - self.at) / 60)
        self.at = now


def duration(seconds):
    """As OpenAI writes it: 12ms, 2.812s, 6m0s."""
    if seconds < 1:
        return f"{int(seconds * 1000)}ms"
    if seconds < 60:
        return f"{seconds:.3f}s"
    return f"{int(seconds // 60)}m{int(seconds % 60)}s"
