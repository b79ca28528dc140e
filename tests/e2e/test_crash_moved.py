"""The daemon dies between the sink's write and the ledger's commit, and before it is back the table has
moved on: what was staged is never trusted."""

import pytest

from harness.crash import CHUNKED, Money, start_and_die, text
from harness.indexes import KINDS

OLD, NEW = text("old", 3), text("new", 5)  # two and three chunks
PLACES = [(kind, place) for kind in KINDS
          for place in ["batch-written", "batch-staged", "ledger-commit-begin", "ledger-commit-end"]]
# Other sinks than SQLite at one place; at all of them in the long tests.
AFTER_WRITE = [pytest.param(kind, place, marks=[] if kind == "sqlite" or place == "batch-written" else
                            [pytest.mark.long]) for kind, place in PLACES]


def rows():
    return [(i, "t", text(f"row {i}", 1), "c") for i in range(8)] + [(100, "t", OLD, "c")]


@pytest.fixture
def stale(world, index):
    """Returns a function: the row 100 is changed to NEW, and the daemon dies at a place."""
    table = world.table(rows())
    world.declare("docs", table, index, **CHUNKED)
    world.daemon.start()
    world.watch()
    world.daemon.stop()

    def change_and_die(place):
        table.update("id = 100", body=f"'{NEW}'")
        start_and_die(world, place, lambda daemon: daemon.api.watch("docs"))
        return table

    return change_and_die


def come_back(world, index):
    money = Money(world, index)
    world.daemon.start()
    run = world.watch()
    world.check()
    money.check()
    return run


@pytest.mark.parametrize("index, place", AFTER_WRITE, indirect=["index"])
class TestTheRow:
    def test_is_as_it_was(self, world, index, stale, place):
        table = stale(place)
        table.update("id = 100", body=f"'{OLD}'")
        come_back(world, index)

    def test_is_gone(self, world, index, stale, place):
        table = stale(place)
        table.delete("id = 100")
        come_back(world, index)

    def test_is_shorter(self, world, index, stale, place):
        table = stale(place)
        table.update("id = 100", body="'short'")
        come_back(world, index)

    def test_has_no_text(self, world, index, stale, place):
        table = stale(place)
        table.update("id = 100", body="NULL", title="NULL")
        come_back(world, index)

    def test_is_replaced(self, world, index, stale, place):
        table = stale(place)
        table.delete("id = 100")
        table.append((100, "t", OLD, "d"))
        come_back(world, index)

    def test_came_and_went(self, world, index, stale, place):
        """A row that is only in the stage, never in the ledger."""
        table = stale("keys-folded")
        table.append((200, "t", text("brief", 3), "c"))
        start_and_die(world, place, lambda daemon: daemon.api.watch("docs"))
        table.delete("id = 200")
        come_back(world, index)

    def test_dies_twice(self, world, index, stale, place):
        table = stale(place)
        table.update("id = 100", body="'short'")
        start_and_die(world, place, lambda daemon: daemon.api.watch("docs"))
        table.update("id = 100", body=f"'{OLD}'")
        come_back(world, index)

    def test_is_reverted_by_restore(self, world, index, stale, place):
        table = stale(place)
        table.do("restore", version=0)
        come_back(world, index)


@pytest.mark.parametrize("place", ["batch-staged@2", "batch-written", "batch-deleted", "batch-deleted@2",
                                   "batch-committed", "window-committed"])
def test_dies_while_deleting(world, index, stale, place):
    table = stale("keys-folded")
    table.delete("id < 5")
    table.update("id = 100", body="'short'")
    start_and_die(world, place, lambda daemon: daemon.api.watch("docs"))
    table.append((1, "t", text("row 1", 1), "back"))
    come_back(world, index)
