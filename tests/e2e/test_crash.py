"""kill -9 at every named place, in the first snapshot and in a window of changes. Afterwards the index
is true to the table, and nothing is paid again that was safe."""

import pytest

from harness.crash import CHUNKED, Money, start_and_die, text
from harness.indexes import KINDS

# Reached in every window; with the time of reaching at which to die.
EVERYWHERE = ["collection-prepared", "keys-folded", "batch-planned", "batch-planned@2", "request-noted",
              "request-answered", "request-closed", "batch-embedded@2", "batch-staged", "batch-staged@2",
              "batch-written", "batch-written@2", "batch-committed", "batch-committed@2",
              "ledger-commit-begin", "ledger-commit-rows", "ledger-commit-end", "ledger-committed",
              "window-committed"]
IN_SNAPSHOT = [*EVERYWHERE, "revision-begun", "index-built"]
IN_CHANGES = [*EVERYWHERE, "batch-deleted", "batch-deleted@2"]
# Where a sink's own ways could matter; the others are tried with SQLite, and with all sinks in the
# long tests.
OF_THE_SINK = {"collection-prepared", "batch-planned@2", "batch-staged@2", "batch-written",
               "batch-deleted", "batch-committed@2", "index-built"}


def each(places):
    def marks(kind, place):
        return [] if kind == "sqlite" or place in OF_THE_SINK else [pytest.mark.long]
    return pytest.mark.parametrize(
        "index, place", [pytest.param(kind, place, marks=marks(kind, place)) for kind in KINDS
                         for place in places], indirect=["index"])


def rows(count=100):
    out = []
    for i in range(count):
        body = text(f"row {i % (count - 5)}", 1 + i % 5)  # the last five repeat texts of the first
        out.append((i, f"title {i % 7}", None if i % 13 == 5 else body, f"c{i % 3}"))
    return out


def change(table):
    """All kinds of change, in several commits."""
    table.update("id % 10 = 1", body=f"'{text('changed', 3)} ' || id")  # grown or shrunk
    table.update("id % 10 = 2", body="'short now ' || id")
    table.update("id % 10 = 3", category="'moved'")  # payload only
    table.update("id % 20 = 4", body="' '", title="NULL")  # no text any more
    table.delete("id % 10 = 5")
    table.append(*[(1000 + i, "new", text(f"new {i}", 1 + i % 4), "n") for i in range(40)])
    table.update("id = 6", body=f"'{text('row 7', 3)}'")
    table.delete("id = 7")
    table.append((7, "again", text("row 7 again", 2), "back"))  # delete and insert in one window


@each(IN_SNAPSHOT)
def test_in_the_snapshot(world, index, place):
    table = world.table(rows())
    world.declare("docs", table, index, **CHUNKED)
    start_and_die(world, place, lambda daemon: daemon.api.watch("docs"))
    money = Money(world, index)
    world.daemon.start()  # the run goes on by itself
    world.watch()
    world.check()
    money.check()
    paid = world.paid()
    run = world.embed()  # a difference to nothing
    assert run["points_written"] == run["points_deleted"] == 0 and world.paid() == paid


@each(IN_CHANGES)
def test_in_a_window(world, index, place):
    table = world.table(rows())
    world.declare("docs", table, index, **CHUNKED)
    world.daemon.start()
    world.watch()
    world.daemon.stop()
    change(table)
    start_and_die(world, place, lambda daemon: daemon.api.watch("docs"))
    money = Money(world, index)
    world.daemon.start()
    world.watch()
    world.check()
    money.check()
