"""What an account may use per minute, as token buckets that refill continuously; one per (provider, key,
model). Settings: requests_per_minute, tokens_per_minute, project_tokens_per_minute, items_per_minute, and
burst_secs (60): so many seconds' worth may be used at once.
"""

import time

UNITS = ("requests", "tokens", "project_tokens", "items")


class Quota:
    def __init__(self, burst_secs=60, **limits):
        known = {f"{unit}_per_minute" for unit in UNITS}
        if unknown := set(limits) - known:
            raise ValueError(f"unknown quota {sorted(unknown)[0]}")
        self.limits = {unit: limits[f"{unit}_per_minute"] for unit in UNITS
                       if limits.get(f"{unit}_per_minute")}
        self.room = {unit: limit * burst_secs / 60 for unit, limit in self.limits.items()}
        self.left = dict(self.room)
        self.at = time.monotonic()

    def take(self, units):
        """Takes all of it; or nothing, and says what it lacks: (unit, seconds until it would fit)."""
        self.refill()
        wanted = {**units, "project_tokens": units["tokens"]}
        for unit, limit in self.limits.items():
            if self.left[unit] < wanted[unit]:
                return unit, (wanted[unit] - self.left[unit]) * 60 / limit
        for unit in self.limits:
            self.left[unit] -= wanted[unit]
        return None

    def remaining(self, unit):
        return max(0, int(self.left[unit]))

    def reset_secs(self, unit):
        return (self.room[unit] - max(0, self.left[unit])) * 60 / self.limits[unit]

    def refill(self):
        now = time.monotonic()
        for unit, limit in self.limits.items():
            self.left[unit] = min(self.room[unit], self.left[unit] + limit * (now - self.at) / 60)
        self.at = now


def openai_headers(quota):
    """x-ratelimit-... as OpenAI sends them."""
    if quota is None:
        return {}
    quota.refill()
    out = {}
    for unit, limit in quota.limits.items():
        name = unit.replace("_", "-")
        if unit == "items":
            continue
        out[f"x-ratelimit-limit-{name}"] = str(limit)
        out[f"x-ratelimit-remaining-{name}"] = str(quota.remaining(unit))
        out[f"x-ratelimit-reset-{name}"] = duration(quota.reset_secs(unit))
    return out


def duration(seconds):
    """As OpenAI writes it: 12ms, 2.812s, 6m0s."""
    if seconds < 1:
        return f"{int(seconds * 1000)}ms"
    if seconds < 60:
        return f"{seconds:.3f}s"
    return f"{int(seconds // 60)}m{int(seconds % 60)}s"
