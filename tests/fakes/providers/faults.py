"""What goes wrong, on demand. A script is a list of faults; each request takes the first one that
applies, and a fault that was taken `times` (1) times is over. Keys of all kinds:

    kind      see below
    times     how often; -1: always
    rate      instead of always: this share of requests, drawn from `seed`
    billed    whether the request is billed all the same; by kind where absent

Kinds before the request is looked at (not billed):
    status    answers `status` with `body` (text or JSON) and `headers`
    hang      says nothing until the client has gone
    reset     closes the connection with a reset
Kinds that spoil a good answer (billed):
    hang_after        does the work, then says nothing
    reset_mid_body    sends half of the answer, then a reset
    truncated_json    half of the body as a whole answer
    not_json          a page of HTML with status 200
    slow_drip         the answer byte by byte
    wrong_count       one vector less
    duplicate_index   two vectors with the same index
    reordered         the vectors in another order, with their right indexes (no error at all)
    nan, infinite     in the middle of the first vector
    zero              the first vector is all zeros
    wrong_dimension   one number less in each vector
"""

import json
import random
import select
import socket
import struct
import threading
import time

from answer import Answer, json_answer

EARLY = {"status", "hang", "reset"}
SPOIL_VECTORS = {"wrong_count", "duplicate_index", "reordered", "nan", "infinite", "zero",
                 "wrong_dimension"}
LATE = {"hang_after", "reset_mid_body", "truncated_json", "not_json", "slow_drip"}


class Hangup(Exception):
    """The connection is not to be used any more."""


class Fault:
    def __init__(self, fields):
        self.kind = fields["kind"]
        if self.kind not in EARLY | SPOIL_VECTORS | LATE:
            raise ValueError(f"unknown fault {self.kind}")
        self.fields = fields
        self.left = fields.get("times", -1 if "rate" in fields else 1)
        self.random = random.Random(fields.get("seed", 1))
        self.billed = fields.get("billed", self.kind not in EARLY)

    def applies(self):
        if self.left == 0 or self.random.random() >= self.fields.get("rate", 1):
            return False
        self.left -= 1
        return True

    def early(self, connection):
        """The answer, if the request is not to be looked at."""
        if self.kind == "status":
            body = self.fields.get("body", "")
            headers = self.fields.get("headers", {})
            if isinstance(body, str):
                return Answer(self.fields["status"], body.encode(), headers)
            return json_answer(self.fields["status"], body, headers)
        if self.kind == "hang":
            wait_for_end(connection)
        if self.kind == "reset":
            reset(connection)
        return None

    def spoil(self, items):
        """Changes [(index, vector)] as the kind says. Vectors are lists of floats."""
        middle = len(items[0][1]) // 2
        if self.kind == "wrong_count":
            items.pop()
        elif self.kind == "duplicate_index":
            items[-1] = (items[0][0], items[-1][1])
        elif self.kind == "reordered":
            items.reverse()
        elif self.kind in ("nan", "infinite"):
            items[0][1][middle] = float("nan" if self.kind == "nan" else "inf")
        elif self.kind == "zero":
            items[0] = (items[0][0], [0.0] * len(items[0][1]))
        elif self.kind == "wrong_dimension":
            items[:] = [(index, vector[:-1]) for index, vector in items]

    def late(self, connection, answer):
        """Spoils a finished answer, or the connection."""
        if self.kind == "hang_after":
            wait_for_end(connection)
        elif self.kind == "reset_mid_body":
            send_raw(connection, answer, answer.body[: len(answer.body) // 2])
            reset(connection)
        elif self.kind == "truncated_json":
            answer.body = answer.body[: len(answer.body) // 2]
        elif self.kind == "not_json":
            answer.body = b"<html><body>Welcome to the hotel's network</body></html>"
        elif self.kind == "slow_drip":
            send_raw(connection, answer, b"")
            for i in range(len(answer.body)):
                connection.sendall(answer.body[i : i + 1])
                time.sleep(0.005)
            raise Hangup


class Faults:
    """Safe for concurrent use."""

    def __init__(self):
        self.lock = threading.Lock()
        self.faults = []

    def script(self, faults):
        made = [Fault(fields) for fields in faults]
        with self.lock:
            self.faults = made

    def next(self):
        with self.lock:
            return next((fault for fault in self.faults if fault.applies()), None)


def send_raw(connection, answer, body):
    head = f"HTTP/1.1 {answer.status} OK\r\nContent-Type: application/json\r\n" \
           f"Content-Length: {len(answer.body)}\r\n\r\n"
    connection.sendall(head.encode() + body)


def wait_for_end(connection):
    while True:
        readable, _, _ = select.select([connection], [], [], 60)
        if readable and not connection.recv(1, socket.MSG_PEEK):
            raise Hangup
        if readable:  # bytes of a next request: not ours to read
            time.sleep(0.01)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    raise Hangup
