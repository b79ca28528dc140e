"""The daemon as a process: signals, exit codes, restarts, two of them, killed at any instant."""

import json
import random
import re
import signal
import sqlite3
import time

import pytest

from harness.crash import CHUNKED, check_money, text
from harness.daemon import Daemon
from harness.processes import wait_for

ROWS = [(i, f"title {i}", text(f"body {i}", 4), "a") for i in range(400)]


@pytest.fixture
def table(world):
    """More than is taken into hand at once."""
    made = world.table(ROWS)
    world.declare("docs", made, world.index(), limits={"max_in_flight_bytes": 1 << 20, "batch_size": 4})
    return made


def slow(world, **more):
    """The provider takes its time, so that a run can be met while it goes."""
    world.provider.settings(latency={"ms": 400}, **more)


def start_slow_run(world):
    slow(world)
    world.daemon.start()
    run = world.daemon.api.start("WATCH", "docs")
    wait_for(lambda: world.provider.paid(), "the first request")
    return run


def test_soft_stop(world, table):
    run = start_slow_run(world)
    assert world.daemon.stop() == 0
    assert "stopping: finishing the batches in hand" in world.daemon.log()
    # What was paid for was finished and kept, and the run goes on by itself.
    paid = world.paid()
    world.daemon.start()
    assert "run goes on after a restart" in world.daemon.log()
    ended = world.daemon.api.wait(run["id"])
    assert (ended["state"], ended["attempts"]) == ("SUCCEEDED", 2)
    assert ended["rows_inserted"] == 400 and ended["texts_embedded"] == 400
    world.check()
    assert set(world.paid().values()) == {1} and len(paid) < 400
    check_money(world)


def test_second_signal(world, table):
    start_slow_run(world)
    world.provider.fail({"kind": "hang", "times": -1})
    time.sleep(0.3)
    world.daemon.signal(signal.SIGTERM)
    time.sleep(0.3)
    assert world.daemon.is_up()
    world.daemon.signal(signal.SIGINT)
    assert world.daemon.await_exit() == 130  # long before the grace of 25 seconds is over
    assert "the grace is over" not in world.daemon.log()
    world.provider.fail()
    world.daemon.start()
    world.watch()
    world.check()
    check_money(world)


def test_grace_ends(world, table):
    world.extra = {"server": {"shutdown_grace_secs": 1}}
    world.configure()
    start_slow_run(world)
    world.provider.fail({"kind": "hang", "times": -1})
    time.sleep(0.3)
    world.daemon.signal(signal.SIGTERM)
    assert world.daemon.await_exit(20) == 0
    assert "the grace is over" in world.daemon.log()


def test_cancel(world, table):
    run = start_slow_run(world)
    world.daemon.ctl("run", "cancel", run["id"])
    ended = world.daemon.api.wait(run["id"])
    assert ended["state"] == "CANCELLED" and 0 < ended["rows_inserted"] < 400
    world.provider.settings(latency={"ms": 0})
    world.watch()
    world.check()
    assert set(world.paid().values()) == {1}


def test_second_run_is_queued(world, table):
    first = start_slow_run(world)
    second = world.daemon.api.start("WATCH", "docs")
    third = world.daemon.api.start("WATCH", "docs")
    assert first["id"] != second["id"] == third["id"]
    assert second["state"] == "QUEUED"
    assert world.daemon.api.wait(second["id"])["rows_read"] == 0
    world.check()


def test_due_run_survives_a_restart(world, table):
    first = start_slow_run(world)
    queued = world.daemon.api.start("EMBED", "docs")
    world.daemon.kill()
    world.provider.settings(latency={"ms": 0})
    world.daemon.start()
    assert world.daemon.api.wait(first["id"])["state"] == "SUCCEEDED"
    assert world.daemon.api.wait(queued["id"])["state"] == "SUCCEEDED"
    world.check()


def test_same_request_same_run(world, table):
    world.daemon.start()
    request = {"mode": "WATCH", "selector": {"pipeline": "docs"}, "request_id": "mine"}
    one = world.daemon.api.call("RunService", "Start", request)["run"]
    world.daemon.api.wait(one["id"])
    again = world.daemon.api.call("RunService", "Start", request)
    assert again["run"]["id"] == one["id"] and again["existed"]


def test_second_daemon(world, table):
    world.daemon.start()
    other = Daemon(world.folder / "other", world.config(), {**world.daemon.env})
    other.start(wait=False)
    assert other.await_exit() == 73
    said = other.log().strip()
    assert said.count("\n") == 0 and str(world.daemon.pid) in said and str(world.ledger.path) in said
    world.watch()
    world.daemon.kill()
    other.start()  # a lock does not outlive its process
    assert other.stop() == 0


@pytest.mark.parametrize("env, config, code, words", [
    ({"DRIFT_LEDGER_URL": "sqlite:relative.db"}, {}, 78,
     ["DRIFT_LEDGER_URL", "absolute path: sqlite:///path"]),
    ({"DRIFT_LEDGER_URL": "postgresql://drift@127.0.0.1:1/none"}, {}, 69, ["127.0.0.1:1"]),
    ({}, {"server": {"grpc_listen": "127.0.0.1:port"}}, 78, ["driftd.yaml:", "grpc_listen"]),
    ({}, {"pipelines": [{"name": "x"}]}, 78, ["driftd.yaml:", "source", "sink"]),
    ({"DRIFT_GRPC_LISTEN": "127.0.0.1:{taken}"}, {}, 69, ["127.0.0.1:{taken}", "cannot listen there"]),
])
def test_start_that_fails(world, env, config, code, words):
    taken = world.provider.port
    env = {name: value.format(taken=taken) for name, value in env.items()}
    daemon = Daemon(world.folder / "failing", {**world.config(), **config}, {**world.daemon.env, **env})
    daemon.start(wait=False)
    assert daemon.await_exit() == code, daemon.log()
    for word in words:
        assert word.format(taken=taken) in daemon.log(), daemon.log()
    if code != 78:
        assert daemon.log().strip().count("\n") == 0, daemon.log()


def test_newer_ledger_is_refused(world):
    world.daemon.start()
    world.daemon.stop()
    with sqlite3.connect(world.ledger.path) as db:
        db.execute("PRAGMA user_version = 1000")
    world.daemon.start(wait=False)
    assert world.daemon.await_exit() == 78
    assert re.search(r"schema version 1000.*start a newer driftd", world.daemon.log())


def test_killed_at_any_instant(world):
    """Ten lives of a daemon that never ends well; the table goes on changing."""
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    dice = random.Random(seed)
    table = world.table(ROWS[:150])
    index = world.index()
    world.declare("docs", table, index, schedule={"every_secs": 1}, **CHUNKED)
    slow(world)
    for life in range(10):
        world.daemon.start()
        wait = dice.uniform(0, 0.8)
        time.sleep(wait)
        low = dice.randrange(150)
        table.update(f"id >= {low} AND id < {low + 20}", body=f"'{text(f'life {life}', dice.randint(1, 4))} ' || id")
        if dice.random() < 0.5:
            table.delete(f"id = {dice.randrange(150)}")
        time.sleep(dice.uniform(0, 0.5))
        world.daemon.kill()
    world.provider.settings(latency={"ms": 0})
    world.daemon.start()
    world.watch()
    world.check()
    check_money(world)
    assert max(world.paid().values()) <= 1 + 10


def test_log_as_json(world, table):
    world.extra = {"log": {"level": "debug", "format": "json"}}
    world.configure()
    world.daemon.start()
    world.watch()
    world.daemon.stop()
    lines = [json.loads(line) for line in world.daemon.log().splitlines()]
    done = next(line for line in lines if "run done" in line.values())
    assert done["pipeline"] == "docs" and "body 1 says" not in world.daemon.log()
    assert all({"time", "level", "message"} <= set(line) for line in lines), lines[0]
