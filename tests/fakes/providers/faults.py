"""What goes wrong, on demand. A script is a list of faults; each request takes the first one that
applies, and a fault that was taken `times` (1) times is over. Keys of all kinds:

    kind              see below
    provider          only requests to this one: "voyage"
    containing        only requests with this in their body
    times             how often; -1: always
    rate, seed        this share of the requests instead of all, drawn from the seed (1)
    after             so many requests pass first
    every             every so many-th request
    from_secs, for_secs   only from so many seconds after the script came, and for so long
    billed            whether the request is billed all the same; by kind where absent

Kinds before the request is looked at (not billed):
    throttle  the provider's own 429, to be tried again in `wait` (1) seconds
    trouble   the provider's own error with `status` (503)
    status    answers `status` with `body` (text or JSON) and `headers`
    hang      says nothing until the client has gone
    reset     closes the connection with a reset
Kinds that spoil a good answer (billed):
    hang_after        does the work, then says nothing
    reset_after       does the work, then closes the connection with a reset
    reset_mid_body    sends half of the answer, then a reset
    gateway           does the work, but somebody in between answers `status` (502) for it
    truncated_json    half of the body as a whole answer
    not_json          a page of HTML with status 200
    slow_drip         the answer byte by byte, `pause` (0.005) seconds between two
    delay             the answer after `secs` (1) seconds (no error at all)
    wrong_count       one vector less
    duplicate_index   two vectors with the same index (of one text: two vectors)
    reordered         the vectors in another order, with their right indexes (no error at all where
                      there are indexes)
    nan, infinite     in the middle of the first vector
    zero              the first vector is all zeros
    wrong_dimension   one number less in each vector
"""

import asyncio
import random
import time

import numpy as np

from wire import Answer, json_answer

EARLY = {"throttle", "trouble", "status", "hang", "reset"}
SPOIL_VECTORS = {"wrong_count", "duplicate_index", "reordered", "nan", "infinite", "zero",
                 "wrong_dimension"}
LATE = {"hang_after", "reset_after", "reset_mid_body", "gateway", "truncated_json", "not_json", "slow_drip",
        "delay"}
HARMLESS = {"reordered", "delay"}
OPEN_ENDED = {"rate", "every", "for_secs"}


class Fault:
    def __init__(self, fields):
        self.kind = fields["kind"]
        if self.kind not in EARLY | SPOIL_VECTORS | LATE:
            raise ValueError(f"unknown fault {self.kind}")
        self.fields = fields
        self.left = fields.get("times", -1 if OPEN_ENDED & set(fields) else 1)
        self.random = random.Random(fields.get("seed", 1))
        self.billed = fields.get("billed", self.kind not in EARLY)
        self.seen = 0
        self.began = time.monotonic()

    def applies(self, provider, body):
        if self.left == 0 or self.fields.get("provider", provider) != provider:
            return False
        if self.fields.get("containing", "").encode() not in body:
            return False
        self.seen += 1
        if not self.is_due() or self.random.random() >= self.fields.get("rate", 1):
            return False
        self.left -= 1
        return True

    def is_due(self):
        seconds = time.monotonic() - self.began - self.fields.get("from_secs", 0)
        if not 0 <= seconds <= self.fields.get("for_secs", seconds):
            return False
        number = self.seen - self.fields.get("after", 0)
        return number > 0 and number % self.fields.get("every", 1) == 0

    async def early(self, protocol, connection):
        """The answer, if the request is not to be looked at."""
        if self.kind == "throttle":
            return protocol.throttled(None, None, "requests", self.fields.get("wait", 1))
        if self.kind == "trouble":
            return protocol.trouble(self.fields.get("status", 503))
        if self.kind == "status":
            body = self.fields.get("body", "")
            headers = self.fields.get("headers", {})
            if isinstance(body, str):
                return Answer(self.fields["status"], body.encode(), headers)
            return json_answer(self.fields["status"], body, headers)
        if self.kind == "hang":
            await connection.hang()
        if self.kind == "reset":
            await connection.reset()
        return None

    def spoil(self, items):
        """Changes [(index, vector)] as the kind says. Vectors are arrays of their own."""
        first = items[0][1]
        if self.kind == "wrong_count":
            items.pop()
        elif self.kind == "duplicate_index":
            items[1:] = [(items[0][0], items[-1][1])] + items[1:-1]
        elif self.kind == "reordered":
            items.reverse()
        elif self.kind in ("nan", "infinite"):
            first[len(first) // 2] = np.nan if self.kind == "nan" else np.inf
        elif self.kind == "zero":
            first[:] = 0
        elif self.kind == "wrong_dimension":
            items[:] = [(index, vector[:-1]) for index, vector in items]

    def disguise(self, answer):
        """Spoils a finished answer."""
        if self.kind == "truncated_json":
            answer.body = answer.body[: len(answer.body) // 2]
        elif self.kind == "not_json":
            answer.body = b"<html><body>Welcome to the hotel's network</body></html>"
        elif self.kind == "gateway":
            answer.status = self.fields.get("status", 502)
            answer.body = b"<html><body>Bad Gateway</body></html>"
            answer.headers = {"Content-Type": "text/html"}

    async def late(self, connection, answer):
        """Spoils the way a finished answer takes."""
        if self.kind == "hang_after":
            await connection.hang()
        elif self.kind == "reset_after":
            await connection.reset()
        elif self.kind == "reset_mid_body":
            await connection.reset(answer)
        elif self.kind == "slow_drip":
            await connection.drip(answer, self.fields.get("pause", 0.005))
        elif self.kind == "delay":
            await asyncio.sleep(self.fields.get("secs", 1))


class Faults:
    def __init__(self):
        self.faults = []

    def script(self, faults):
        self.faults = [Fault(fields) for fields in faults]

    def next(self, provider, body):
        return next((fault for fault in self.faults if fault.applies(provider, body)), None)
