"""Random histories of one table, kept in step by three pipelines into three kinds of sinks at once.
After each catch-up every index is true to the table, and no text was paid for that lay in an index.
Again with a daemon that is killed at random places, while all three run.

DRIFT_E2E_SEED=N runs that seed alone."""

import hashlib
import os
import random

import grpc
import pytest

import oracle
from harness.crash import PLACES, check_money
from harness.history import COLUMNS, History
from harness.indexes import KINDS
from oracle_text import expected_points

STEPS = 9
ONE = os.environ.get("DRIFT_E2E_SEED")
SHORT = [int(ONE)] if ONE else range(1, 21)
LONG = [] if ONE else range(1000, 1200)
SHORT_CRASHING = [int(ONE)] if ONE else range(1, 4)
LONG_CRASHING = [] if ONE else range(2000, 2100)
CHUNKED = {"chunking": {"type": "sentence", "size": 12, "overlap": 0}}

CONFIGURATIONS = [
    {},
    {"dedup": False},
    {"text": "{title}: {body}", "store_text": True},
    {"where": {"not_null": ["title"]}, "payload": ["category", "title"]},
    CHUNKED,
    {"chunking": {"type": "sentence", "size": 16, "overlap": 6}, "payload": []},
    {"chunking": {"type": "tokens", "size": 9, "overlap": 3}, "store_text": True},
]


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


class Play:
    """One seed."""

    def __init__(self, world, seed):
        self.world = world
        self.random = random.Random(seed * 7919)
        self.composite = self.random.random() < 0.4
        self.feed = self.random.random() < 0.85
        self.table = world.table(columns=COLUMNS, feed=self.feed)
        self.history = History(seed, self.table, self.composite)
        self.indexes = {}
        same = self.random.choice([None, *CONFIGURATIONS])
        for kind in KINDS:
            self.indexes[kind] = index = world.index(kind)
            options = same if same is not None else self.random.choice(CONFIGURATIONS)
            key = ["id", "part"] if self.composite else ["id"]
            world.declare(kind, self.table, index, **{"key": key, **options})
        self.live = {kind: set() for kind in KINDS}  # digests of the texts in each index
        world.daemon.start()

    def go(self):
        for _ in range(STEPS):
            self.history.step()
            self.catch_up()
            if self.random.random() < 0.06:
                self.history.vacuum()

    def catch_up(self):
        roll = self.random.random()
        if roll < 0.1:
            self.world.restart()
        elif roll < 0.15:
            self.world.daemon.kill()
            self.world.daemon.start()
        # Some lag behind now and then; at the end of the step all are there.
        lagging = [kind for kind in KINDS if self.random.random() < 0.15]
        if lagging:
            for kind in KINDS:
                if kind not in lagging:
                    self.run(kind)
            self.history.step()
        for kind in self.random.sample(KINDS, len(KINDS)):
            self.run(kind)

    def run(self, kind):
        world = self.world
        paid = world.paid()
        known = set().union(*self.live.values())
        whole = self.random.random() < 0.12
        self.history.log.append(f"{'embed' if whole else 'watch'} {kind}")
        world.embed(kind) if whole else world.watch(kind)
        world.check(kind)
        points = expected_points(oracle.load(self.table.path), world.spec(kind), kind)
        wanted = {point.text for point in points.values()}
        for text, times in world.paid().items():
            new = times - paid.get(text, 0)
            if new == 0:
                continue
            if world.spec(kind).get("dedup") is False:
                continue
            assert new == 1, f"{text!r} was paid {new} times at once"
            assert digest(text) not in known, f"{text!r} was paid though it lay in an index"
            # A window that a schema change ended may have had its own last states.
            assert text in wanted or self.history.wider, f"{text!r} was paid and is not in the table"
        self.live[kind] = {digest(text) for text in wanted}


class CrashingPlay(Play):
    """Dies once or twice in nearly every step; the table may move on while it is down."""

    def catch_up(self):
        paid, crashes = self.world.paid(), 0
        while crashes < 3 and self.random.random() < 0.7:
            crashes += self.die()
            if self.random.random() < 0.5:
                self.history.step()
        self.world.restart()
        for kind in self.random.sample(KINDS, len(KINDS)):
            self.history.log.append(f"watch {kind}")
            self.world.watch(kind)
            self.world.check(kind)
        for text, times in self.world.paid().items():
            # Each pipeline has requests in flight, and each crash may lose them.
            if all(spec.get("dedup", True) for spec in self.world.pipelines):
                assert times - paid.get(text, 0) <= 1 + len(KINDS) * crashes, f"{text!r} was paid {times} times"
        check_money(self.world, exact=False)

    def die(self):
        """All three run; the daemon dies at the place if it is reached. 1 if it was."""
        place = f"{self.random.choice(PLACES)}@{self.random.choice([1, 1, 2, 3, 5])}"
        daemon = self.world.daemon
        daemon.stop()
        daemon.start(place, wait=False)
        try:
            daemon.wait_ready()
            for run in [daemon.api.start(self.random.choice(["WATCH", "WATCH", "EMBED"]), k) for k in KINDS]:
                daemon.api.wait(run["id"])
        except (grpc.RpcError, ChildProcessError):
            daemon.await_exit()
        died = not daemon.is_up()
        self.history.log.append(f"{place}: {'died' if died else 'not reached'}")
        if died:
            daemon.start()
        return int(died)


def play(kind, world, seed):
    made = kind(world, seed)
    try:
        made.go()
    except BaseException:
        print(f"DRIFT_E2E_SEED={seed}", *made.history.log, sep="\n")
        raise
    finally:
        world.close()
        for index in made.indexes.values():
            index.drop()


def seeds(short, long):
    return pytest.mark.parametrize("seed", [*short, *[pytest.param(n, marks=pytest.mark.long) for n in long]])


@seeds(SHORT, LONG)
def test_history(world, seed):
    play(Play, world, seed)


@seeds(SHORT_CRASHING, LONG_CRASHING)
def test_history_with_crashes(world, seed):
    play(CrashingPlay, world, seed)
