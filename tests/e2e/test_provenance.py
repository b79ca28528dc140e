"""What became of each point: while it is there, and after it is gone, whatever took it away."""

import pytest

from harness.crash import text

LONG = "First sentence of some words. Second sentence of some words. Third sentence of some words. " * 3
CHUNKS = {"type": "sentence", "size": 8, "overlap": 0}


@pytest.fixture
def table(world):
    made = world.table([(1, "t", "one", "a"), (2, "t", LONG, "a"), (3, "t", "three", "a")])
    world.declare("docs", made, world.index(), chunking=CHUNKS, where={"not_null": ["category"]},
                  text_columns=["body"])
    world.daemon.start()
    world.watch()
    return made


def records(world, key):
    return world.daemon.ctl_json("provenance", "--pipeline", "docs", "--key", key)["records"]


def gone(world, point):
    """Of a point by its id: (version, run) that took it away."""
    record = world.daemon.ctl_json("provenance", "--point", point)
    assert record["state"] == "DELETED"
    return int(record["deleted_version"]), record["deleted_run_id"]


@pytest.mark.parametrize("column, value", [("category", "NULL"), ("body", "NULL"), ("body", "'  '")],
                         ids=["where", "null", "blank"])
def test_a_row_that_loses_its_point(world, table, column, value):
    [before] = records(world, "1")
    table.update("id = 1", **{column: value})
    run = world.watch()
    assert (run["rows_deleted"], run["rows_updated"], run["points_deleted"]) == (1, 0, 1)
    [record] = records(world, "1")
    assert (record["state"], int(record["deleted_version"]), record["deleted_run_id"]) == ("DELETED", 1, run["id"])
    assert record["text_sha256"] == before["text_sha256"] and record["run_id"] == before["run_id"]
    assert gone(world, before["point_id"]) == (1, run["id"])
    # It comes back, and goes with its row: each time is remembered.
    table.update("id = 1", category="'a'", body="'again'")
    run = world.watch()
    assert (run["rows_inserted"], run["rows_updated"]) == (1, 0)
    assert [r["state"] for r in records(world, "1")] == ["LIVE", "DELETED"]
    table.delete("id = 1")
    assert world.watch()["rows_deleted"] == 1
    assert [int(r["deleted_version"]) for r in records(world, "1")] == [3, 1]
    world.check()


def test_a_row_that_gets_shorter(world, table):
    before = records(world, "2")
    assert len(before) > 3
    table.update("id = 2", body="'First sentence of some words.'")
    run = world.watch()
    live, *rest = records(world, "2")
    assert live["state"] == "LIVE" and [r["chunk"] for r in rest] == list(range(1, len(before)))
    for record in before[1:]:
        assert gone(world, record["point_id"]) == (1, run["id"])
    said = world.daemon.ctl("provenance", "--pipeline", "docs", "--key", "2").out.splitlines()
    assert len([line for line in said if "DELETED" in line]) == 1
    assert f"[2] from chunk 1 on  DELETED at version 1, by run {run['id']}" in said[-1]
    assert f"{len(before) - 1} points removed from the sink" in said[-1]
    world.check()


def test_a_row_that_becomes_a_dead_letter(world):
    made = world.table([(1, "t", "one", "a")])
    world.declare("docs", made, world.index())
    world.daemon.start()
    world.watch()
    made.update("id = 1", body=f"'{text('long', 80)}'")
    run = world.watch()
    assert run["dead_letters"] == 1
    [record] = records(world, "1")
    assert (record["state"], record["deleted_run_id"]) == ("DELETED", run["id"])


def test_an_empty_key_is_a_key(world, table):
    asked = world.daemon.ctl("provenance", "--pipeline", "docs", "--key", "", code=1)
    assert 'has never written a point for key [""]' in asked.err
