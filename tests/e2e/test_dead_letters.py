"""Rows that cannot be embedded: named, kept, and embedded again once their cause is mended."""

import pytest

ROWS = [(i, f"title {i}", f"body {i}", "a") for i in range(12)]
POISON = "this one the provider will not take"
TOO_LONG = "word " * 9000  # tokens, more than the model takes


@pytest.fixture
def table(world):
    made = world.table(ROWS)
    world.declare("docs", made, world.index())
    world.daemon.start()
    return made


def letters(world, *more):
    return world.daemon.ctl_json("dead-letters", "list", "--pipeline", "docs", *more)["dead_letters"]


def poison(world, text=POISON):
    """The provider refuses requests with that text, whatever else is in them."""
    world.provider.fail({"kind": "status", "status": 400, "times": -1, "containing": text,
                         "body": {"error": {"message": "input is not acceptable", "type": "invalid_request_error",
                                            "param": None, "code": None}}})


def test_one_bad_text_among_many(world, table):
    table.update("id = 7", body=f"'{POISON}'")
    poison(world)
    run = world.daemon.ctl_json("run", "watch", "--pipeline", "docs", code=4)
    assert (run["state"], run["dead_letters"], run["points_written"]) == ("SUCCEEDED", 1, 11)
    world.check(dead=["[7]"])
    assert all(n == 1 for n in world.paid().values()) and len(world.paid()) == 11
    [letter] = letters(world)
    assert (letter["key"], letter["reason"], letter["version"]) == ("[7]", "REJECTED_BY_PROVIDER", 1)
    assert "input is not acceptable" in letter["message"] and POISON not in letter["message"]
    assert len(letter["text_sha256"]) == 64 and letter["attempts"] == 1
    assert world.daemon.api.status("docs")["dead_letters"] == 1
    shown = world.daemon.ctl("dead-letters", "get", letter["id"]).out
    assert "REJECTED_BY_PROVIDER" in shown

    # A rewrite of the table does not pay, nor ask, again.
    table.overwrite(table.rows() and [list(row.values()) for row in table.rows()])
    asked = world.provider.bill()["requests"]
    world.watch()
    assert world.provider.bill()["requests"] == asked and len(letters(world)) == 1

    # Still bad: counted up. Mended: embedded and closed.
    world.daemon.ctl("dead-letters", "replay", "--pipeline", "docs", code=4)
    assert letters(world)[0]["attempts"] == 2
    world.provider.fail()
    run = world.daemon.ctl_json("dead-letters", "replay", "--pipeline", "docs")
    assert (run["mode"], run["points_written"], run["dead_letters"]) == ("REPLAY", 1, 0)
    assert letters(world) == []
    world.check(history=False)
    assert world.daemon.ctl("dead-letters", "replay", "--pipeline", "docs", code=1).err.count("\n") == 1


def test_bad_update_removes_the_old_point(world, table):
    world.watch()
    poison(world)
    table.update("id = 7", body=f"'{POISON}'")
    world.watch()
    world.check(dead=["[7]"])
    table.update("id = 7", body="'good again'")
    world.watch()
    world.check()
    assert letters(world) == []


def test_dead_row_is_deleted(world, table):
    poison(world)
    table.update("id = 7", body=f"'{POISON}'")
    world.watch()
    table.delete("id = 7")
    world.watch()
    world.check()
    assert letters(world) == []


def test_gone_when_replayed(world, table):
    poison(world)
    table.update("id IN (7, 8)", body=f"'{POISON} ' || id")
    world.watch()
    table.delete("id = 7")
    table.update("id = 8", body="NULL", title="NULL")
    # The replay is of the cursor's version, where both are there.
    world.daemon.ctl("dead-letters", "replay", "--pipeline", "docs", code=4)
    assert len(letters(world)) == 2
    world.watch()
    assert letters(world) == []
    world.check()


def test_discard(world, table):
    poison(world)
    table.update("id IN (7, 8)", body=f"'{POISON} ' || id")
    world.watch()
    ids = [str(letter["id"]) for letter in letters(world)]
    assert world.daemon.ctl_json("dead-letters", "discard", ids[0])["discarded"] == 1
    assert [str(letter["id"]) for letter in letters(world)] == ids[1:]
    assert world.daemon.ctl_json("dead-letters", "discard", "--pipeline", "docs", "--reason",
                                 "REJECTED_BY_PROVIDER")["discarded"] == 1
    assert letters(world) == [] and world.daemon.api.status("docs")["dead_letters"] == 0
    world.watch()
    assert letters(world) == []
    world.check(dead=["[7]", "[8]"])


def test_too_many_pause(world, table):
    world.spec("docs")["limits"] = {"max_dead_letters": 3}
    world.configure()
    world.restart()
    poison(world)
    table.update("id < 5", body=f"'{POISON} ' || id")
    world.watch_pauses("TOO_MANY_DEAD_LETTERS", "5 rows cannot be embedded", "max_dead_letters (3)",
                       remedy="driftctl dead-letters list --pipeline docs")
    world.provider.fail()
    world.daemon.ctl("dead-letters", "replay", "--pipeline", "docs")
    world.daemon.ctl("pipeline", "resume", "docs")
    world.watch()
    world.check(history=False)


def test_rows_without_a_key(world, table):
    table.append((None, "no", "key", "a"), (None, "no", "key", "a"), (None, "another", None, "b"))
    world.watch()
    found = letters(world)
    assert {letter["reason"] for letter in found} == {"NULL_KEY"} and {l["key"] for l in found} == {"[null]"}
    assert len(found) == 2  # equal ones cannot be told apart
    world.check()
    table.delete("title = 'no'")
    world.watch()
    world.embed()  # a whole snapshot settles those it does not show
    assert len(letters(world)) == 1
    world.check()


@pytest.mark.parametrize("chunking, dead", [(None, ["[3]"]), ({"type": "sentence", "size": 4000}, [])])
def test_too_long(world, chunking, dead):
    """With a model whose tokenizer is known: named before anything is sent."""
    table = world.table(ROWS)
    table.update("id = 3", body=f"'{TOO_LONG}'")
    world.declare("docs", table, world.index(), model="openai/text-embedding-3-small", dimensions=32,
                  chunking=chunking)
    world.daemon.start()
    run = world.watch()
    if dead:
        assert run["dead_letters"] == 1
        world.check(dead=dead)
        [letter] = letters(world)
        assert letter["reason"] == "TEXT_TOO_LONG" and "the model takes 8192; set chunking" in letter["message"]
    else:
        assert run["dead_letters"] == 0 and run["points_written"] == 11 + 3
