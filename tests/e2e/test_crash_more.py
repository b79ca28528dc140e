"""kill -9 in everything that is neither a first snapshot nor a plain window of changes."""

import grpc
import pytest

from harness.crash import CHUNKED, Money, start_and_die, text
from harness.indexes import KINDS

ROWS = [(i, f"title {i}", text(f"body {i}", 1 + i % 5), "a") for i in range(60)]
NEW_REVISION = ["revision-begun", "collection-prepared", "keys-folded", "batch-planned", "request-answered",
                "batch-written", "batch-committed", "batch-deleted", "window-committed", "swept", "index-built"]


def configuration(world, table, index):
    """A change that makes other points of every row; more chunks for some, fewer for others."""
    world.spec("docs")["chunking"] = {"type": "sentence", "size": 700, "overlap": 0}
    world.spec("docs")["payload"] = ["title"]
    world.configure()
    table.delete("id < 5")
    table.append((100, "t", text("new", 2), "b"))


def created_anew(world, table, index):
    table.drop()
    table.create([(*row[:2], row[2] if row[0] % 3 else text("other", 2), "b") for row in ROWS[10:]])


def index_lost(world, table, index):
    index.drop()
    table.update("id = 1", body="'short'")


SCENARIOS = {"configuration": configuration, "created_anew": created_anew, "index_lost": index_lost}


@pytest.mark.parametrize("index, scenario, place", [
    pytest.param(kind, scenario, place, marks=[] if kind == "sqlite" else [pytest.mark.long])
    for kind in KINDS for scenario in SCENARIOS for place in NEW_REVISION
    if not (scenario == "index_lost" and place in ("batch-deleted", "swept"))], indirect=["index"])
def test_in_a_re_sync(world, index, scenario, place):
    table = world.table(ROWS)
    world.declare("docs", table, index, **CHUNKED)
    world.daemon.start()
    world.watch()
    world.daemon.stop()
    SCENARIOS[scenario](world, table, index)
    start_and_die(world, place, lambda daemon: daemon.api.embed("docs"))
    money = Money(world, index)
    world.daemon.start()
    world.embed()
    world.check(history=False)
    if scenario != "index_lost":  # there all is paid again
        money.check()
    paid = world.paid()
    table.update("id = 20", category="'moved'")
    world.watch()
    world.check(history=False)
    assert world.paid() == paid


@pytest.mark.parametrize("place", ["keys-folded", "batch-planned", "batch-written", "batch-deleted", "batch-committed",
                                   "batch-committed@2", "window-committed"])
def test_in_a_difference_of_snapshots(world, place):
    """A table without a feed."""
    index = world.index()
    table = world.table(ROWS, feed=False)
    world.declare("docs", table, index, **CHUNKED)
    world.daemon.start()
    world.watch()
    world.daemon.stop()
    table.delete("id < 7")
    table.update("id = 9", body="'short'")
    table.append((100, "t", text("new", 2), "b"))
    start_and_die(world, place, lambda daemon: daemon.api.watch("docs"))
    money = Money(world, index)
    table.append((1, "t", text("anew", 2), "back"))
    table.delete("id = 100")
    world.daemon.start()
    world.watch()
    world.check()
    money.check()


@pytest.mark.parametrize("place", ["request-noted", "request-answered", "batch-staged", "batch-written",
                                   "ledger-commit-end", "batch-committed"])
def test_in_a_replay(world, place):
    index = world.index()
    table = world.table(ROWS)
    table.update("id = 7", body="'unacceptable'")
    world.declare("docs", table, index)
    world.provider.fail({"kind": "status", "status": 400, "times": -1, "containing": "unacceptable",
                         "body": {"error": {"message": "no", "type": "invalid_request_error", "param": None,
                                            "code": None}}})
    world.daemon.start()
    world.watch()
    world.check(dead=["[7]"])
    world.daemon.stop()
    world.provider.fail()
    start_and_die(world, place, lambda daemon: replay(daemon))
    money = Money(world, index)
    world.daemon.start()
    if world.daemon.ctl_json("dead-letters", "list")["dead_letters"]:
        assert replay(world.daemon)["state"] == "SUCCEEDED"
    assert world.daemon.ctl_json("dead-letters", "list")["dead_letters"] == []
    world.watch()
    world.check()
    money.check()


def replay(daemon):
    run = daemon.api.call("DeadLetterService", "Replay", {"filter": {"pipeline": "docs"}})
    return daemon.api.wait(run["id"])


@pytest.mark.parametrize("index, place", [(kind, place) for kind in KINDS
                                          for place in ("index-dropped", "target-cleared")], indirect=["index"])
def test_in_a_delete(world, index, place):
    """Half deleted; deleting again finishes it, and a new pipeline of the name starts from nothing."""
    table = world.table(ROWS)
    world.declare("docs", table, index)
    world.daemon.start()
    world.watch()
    world.daemon.stop()
    spec = world.pipelines.pop()
    world.configure()
    start_and_die(world, place, lambda daemon: daemon.api.call("PipelineService", "Delete",
                                                               {"name": "docs", "drop_index": True}))
    world.daemon.start()
    world.daemon.ctl("pipeline", "delete", "docs", "--drop-index")
    assert index.points() == {}
    with pytest.raises(grpc.RpcError):
        world.daemon.api.status("docs")
    world.pipelines.append(spec)
    world.configure()
    world.restart()
    world.embed()
    world.check()
