"""What the protocols have in common."""

from dataclasses import dataclass, field


@dataclass
class Job:
    """A request that was understood and may be embedded."""

    key: str
    model: str
    texts: list
    dimensions: int
    token_counts: list
    base64: bool = False
    extra: dict = field(default_factory=dict)

    @property
    def tokens(self):
        return sum(self.token_counts)


class Protocol:
    """One provider. `name` is its prefix in paths and its name in faults, quotas and bills."""

    name = ""

    def other(self, state, request):
        """The answer to a request that is not about embedding, or None."""
        return None

    def read(self, state, request):
        """A Job, or the answer that refuses it."""
        raise NotImplementedError

    def admit(self, state):
        """The answer of a server that is too busy, or None."""
        return None

    def units(self, job):
        """What the request draws from the quota."""
        return {"requests": 1, "tokens": job.tokens, "items": len(job.texts)}

    def throttled(self, job, quota, unit, seconds):
        """`unit` of the quota is used up; the request would fit in so many seconds. `job` and `quota` are
        None when a fault asks for it."""
        raise NotImplementedError

    def trouble(self, status):
        """An error of the server's own."""
        raise NotImplementedError

    def answer(self, job, items, quota):
        """The 200 to `items`, [(index, vector)]."""
        raise NotImplementedError


def bearer(request):
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def strings(value):
    """A list of strings, or None."""
    value = [value] if isinstance(value, str) else value
    good = isinstance(value, list) and all(isinstance(x, str) for x in value)
    return value if good else None
