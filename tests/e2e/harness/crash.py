"""Killing the daemon where it hurts, and what must hold afterwards."""

import hashlib

import grpc

from harness.daemon import KILLED

CHUNKED = {"chunking": {"type": "sentence", "size": 512, "overlap": 0},
           "limits": {"max_in_flight_bytes": 1 << 20}}  # the least there is: a few batches per window
PLACES = ["revision-begun", "collection-prepared", "keys-folded", "batch-planned", "request-noted",
          "request-answered", "request-closed", "batch-embedded", "batch-staged", "batch-written", "batch-deleted",
          "batch-committed", "ledger-commit-begin", "ledger-commit-rows", "ledger-commit-end",
          "ledger-committed", "window-committed", "index-built"]
REQUEST_STATES = ("open", "done", "failed", "unknown")


def text(name, kilobytes=1):
    """Sentences of some kilobytes that no other name has."""
    sentence = f"{name} says what {name} has to say, once more and at length, to whoever reads {name}. "
    return (sentence * (kilobytes * 1024 // len(sentence) + 1)).strip()


def start_and_die(world, failpoint, act):
    """Starts the daemon so that it dies at the place; `act` makes it go there."""
    world.daemon.start(failpoint, wait=False)
    try:
        world.daemon.wait_ready()
        act(world.daemon)
    except (grpc.RpcError, ChildProcessError):
        pass  # it has died under us
    try:
        code = world.daemon.await_exit()
    except Exception as error:
        raise AssertionError(f"{failpoint} was not reached:\n{world.daemon.log()[-2000:]}") from error
    assert code == KILLED, f"{failpoint}: exit code {code}\n{world.daemon.log()[-2000:]}"


def requests_of(world):
    """[(state, texts, tokens, cost)] of the ledger."""
    rows = world.ledger.query("SELECT state, texts, tokens, cost FROM requests")
    return [(REQUEST_STATES[row[0]], *row[1:]) for row in rows]


def check_money(world, forgotten=0, exact=True):
    """Nothing is open; what is unknown counts at its estimate, so the ledger never says too little. The
    stand-in counts tokens as the estimate does, but for letters beyond ASCII (not `exact`). `forgotten`:
    tokens that an earlier ledger counted."""
    rows = requests_of(world)
    assert all(row[0] != "open" for row in rows), rows
    billed = world.provider.bill()["tokens"] - forgotten
    known = sum(row[2] for row in rows if row[0] == "done")
    unknown = sum(row[2] for row in rows if row[0] == "unknown")
    assert known <= billed <= known + unknown + (0 if exact else 0.1 * unknown), (known, billed, unknown)
    assert all(row[3] == row[2] * 1_000_000 for row in rows if row[0] != "failed"), rows  # nano-dollars
    shown = world.daemon.ctl_json("cost", "--by", "pipeline")["rows"]
    assert sum(row["tokens"] for row in shown) == known + unknown
    assert abs(sum(row["cost_usd"] for row in shown) - (known + unknown) / 1000) < 1e-6


class Money:
    """What was paid for, and what lay in the sink, when the daemon died."""

    def __init__(self, world, index, forgotten=0):
        self.world, self.index, self.forgotten = world, index, forgotten
        self.paid = world.paid()
        self.durable = index.texts()

    def check(self, crashes=1):
        """Nothing that lay in the sink was paid for again, and nothing more than once for each crash."""
        now = self.world.paid()
        again = [t for t in now if now[t] > self.paid.get(t, 0) > 0]
        lost = [t[:60] for t in again if hashlib.sha256(t.encode()).hexdigest() in self.durable]
        assert not lost, f"{len(lost)} texts paid again though their vectors were in the sink: {lost}"
        assert all(times <= 1 + crashes for times in now.values())
        check_money(self.world, self.forgotten)
