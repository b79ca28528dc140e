"""A ledger and a collection that do not know each other: fresh ledgers, restored ones, lost indexes."""

import shutil

import pytest

from harness.crash import CHUNKED, Money, start_and_die, text
from harness.indexes import KINDS

ROWS = [(i, f"title {i}", text(f"body {i}", 1 + i % 3), "a") for i in range(30)]


@pytest.fixture
def filled(world, index):
    """A collection of before; the ledger is gone, and the table has moved on."""
    table = world.table(ROWS)
    world.declare("docs", table, index, **CHUNKED)
    world.daemon.start()
    world.watch()
    world.daemon.stop()
    world.ledger.forget()
    table.delete("id < 4")
    table.update("id = 5", body="'short now'")
    table.append((100, "t", "a new row", "b"))
    return table


def test_fresh_ledger(world, index, filled):
    before = world.paid()
    world.daemon.start()
    plan = world.daemon.ctl_json("plan", "--pipeline", "docs")
    run = world.watch()
    world.check()
    assert {p.revision for p in index.points().values()} == {2}
    new = {t: n for t, n in world.paid().items() if n != before.get(t, 0)}
    assert len(new) == 2 and set(new.values()) == {1}
    assert (plan["texts_to_embed"], run["texts_embedded"]) == (2, 2)
    world.restart()
    assert world.embed()["points_written"] == 0


PLACES = ["points-adopted", "revision-begun", "collection-prepared", "batch-staged", "batch-written",
          "batch-committed", "window-committed", "swept", "index-built"]
OF_THE_SINK = {"points-adopted", "batch-written", "swept"}


@pytest.mark.parametrize("index, place", [
    pytest.param(kind, place, marks=[] if kind == "sqlite" or place in OF_THE_SINK else [pytest.mark.long])
    for kind in KINDS for place in PLACES], indirect=["index"])
def test_dies_in_the_first_contact(world, index, filled, place):
    forgotten = world.provider.bill()["tokens"]
    start_and_die(world, place, lambda daemon: daemon.api.watch("docs"))
    money = Money(world, index, forgotten)
    world.daemon.start()
    world.watch()
    world.check()
    money.check()
    assert sum(n - 1 for n in world.paid().values()) <= 2


@pytest.mark.parametrize("reconfigured", [True, False], ids=["reconfigured", "same"])
def test_ledger_of_yesterday(world, index, reconfigured):
    """A restored backup of the ledger does not let older states win, and pays for nothing twice."""
    table = world.table(ROWS)
    world.declare("docs", table, index)
    world.daemon.start()
    world.watch()
    world.daemon.stop()
    backup = world.folder / "backup"
    shutil.copytree(world.daemon.folder / "state", backup)
    table.update("id = 1", body="'first'")
    table.delete("id = 2")
    world.daemon.start()
    world.watch()
    if reconfigured:  # the collection is at a revision the backup has never heard of
        world.spec("docs")["payload"] = []
        world.configure()
        world.restart()
        world.embed()
    table.update("id = 3", body="'third'")
    world.watch()
    world.daemon.stop()
    world.ledger.forget()
    shutil.copytree(backup, world.daemon.folder / "state")
    paid = world.paid()
    world.daemon.start()
    world.daemon.api.watch("docs")
    world.embed()
    world.check()
    assert world.paid() == paid
    assert min(p.revision for p in index.points().values()) >= (3 if reconfigured else 2)


def test_index_lost(world, index):
    table = world.table(ROWS)
    world.declare("docs", table, index)
    world.daemon.start()
    world.watch()
    world.daemon.stop()
    index.drop()
    table.update("id = 1", body="'new'")
    world.daemon.start()
    world.watch_pauses("INDEX_LOST", "the index is lost", "knows 30 rows", remedy="driftctl run embed")
    assert index.points() == {}
    run = world.embed()
    assert run["points_written"] == 30
    world.check()
    assert world.daemon.api.status("docs")["state"] == "IDLE"


@pytest.mark.parametrize("index", ["sqlite", "pgvector"], indirect=True)
def test_emptied_by_somebody(world, index):
    """The collection is there, but its points are not: the next embed cannot know, a new ledger does."""
    table = world.table(ROWS)
    world.declare("docs", table, index)
    world.daemon.start()
    world.watch()
    world.daemon.stop()
    world.ledger.forget()
    index.drop()
    world.daemon.start()
    world.watch()
    world.check()


def test_another_model_in_place(world, index):
    world.declare("docs", world.table(ROWS), index)
    world.daemon.start()
    world.watch()
    before = index.points()
    world.pipelines.clear()
    world.declare("docs", world.table(ROWS, name="other"), index, model="shadow/16")
    world.restart()
    world.watch_pauses("MODEL_CHANGED", "another model (shadow/16)", remedy="another collection")
    run = world.daemon.api.embed("docs")
    assert (run["state"], run["error_reason"]) == ("FAILED", "MODEL_CHANGED")
    assert index.points() == before


def test_collection_of_another_model(world, index):
    """A ledger that has never heard of it is refused too."""
    world.declare("docs", world.table(ROWS), index)
    world.daemon.start()
    world.watch()
    before = index.points()
    world.daemon.stop()
    world.ledger.forget()
    for model in ("shadow/16", "shadow/24"):
        world.pipelines.clear()
        world.declare("docs", world.table(ROWS, name=model.replace("/", "")), index, model=model)
        world.daemon.start()
        world.watch_pauses("COLLECTION_DIFFERS", "openai/e2e-embed", remedy="another collection")
        world.daemon.stop()
        world.ledger.forget()
    assert index.points() == before


def test_two_pipelines_share_a_collection(world, index):
    one, two = world.table(ROWS[:10], name="one"), world.table(ROWS[5:15], name="two")
    world.declare("one", one, index)
    world.declare("two", two, index)
    world.daemon.start()
    world.watch("one")
    world.watch("two")
    world.check("one")
    world.check("two")
    assert set(world.paid().values()) == {1} and len(world.paid()) == 15
    one.delete("id < 8")
    world.watch("one")
    # A new revision of one sweeps only its own.
    world.spec("one")["payload"] = []
    world.configure()
    world.restart()
    world.embed("one")
    world.check("one")
    world.check("two")
    hits = world.daemon.ctl_json("search", "--pipeline", "one", ROWS[14][1] + "\n\n" + ROWS[14][2], "-k", "50")
    assert {hit["key"] for hit in hits["hits"]} == {"[8]", "[9]"}
    world.pipelines.pop(0)
    world.configure()
    world.restart()
    world.daemon.ctl("pipeline", "delete", "one", "--drop-index")
    assert {p.source for p in index.points().values()} == {"two"}
    world.check("two")
    world.watch("two")


def test_drops_the_collection_when_empty(world, index):
    table = world.table(ROWS)
    world.declare("docs", table, index)
    world.daemon.start()
    world.watch()
    world.pipelines.clear()
    world.configure()
    world.restart()
    answer = world.daemon.ctl_json("pipeline", "delete", "docs", "--drop-index")
    assert answer["index_dropped"] and answer["points_deleted"] == 30
    assert index.points() == {}


def test_keeps_the_index_unless_told(world, index):
    table = world.table(ROWS)
    world.declare("docs", table, index)
    world.daemon.start()
    world.watch()
    spec = world.pipelines.pop()
    world.configure()
    world.restart()
    world.daemon.ctl("pipeline", "delete", "docs")
    assert len(index.points()) == 30
    # Declared anew its rows win over those of before, and cost nothing.
    paid = world.paid()
    world.pipelines.append(spec)
    world.configure()
    table.update("id = 1", body="title")
    world.restart()
    world.daemon.api.watch("docs")
    world.embed()
    world.check()
    assert len(world.paid()) == len(paid) + 1


@pytest.mark.parametrize("index", ["qdrant"], indirect=True)
@pytest.mark.parametrize("filled_before", [True, False])
def test_without_its_payload_indexes(world, index, filled_before):
    """As a kill while the collection is made leaves it, or as somebody may."""
    if world.servers.qdrant.kind == "facade":
        pytest.skip("the facade has no payload indexes to take away")
    table = world.table(ROWS)
    world.declare("docs", table, index)
    world.daemon.start()
    world.watch()
    if not filled_before:
        table.delete("true")
        world.watch()
    world.daemon.stop()
    world.ledger.forget()
    client = world.servers.qdrant.client()
    for field in ("source", "key", "revision", "source_version"):
        client.delete_payload_index(index.collection, f"drift.{field}")
    paid = world.paid()
    world.daemon.start()
    world.watch()
    world.check()
    assert world.paid() == paid
    assert len(client.get_collection(index.collection).payload_schema) == 4
    client.close()
