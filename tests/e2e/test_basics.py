"""A table becomes an index and stays true to it, in every kind of sink."""


ROWS = [(1, "one", "first body", "a"), (2, "two", "second body", "b"), (3, None, "first body", None)]


def test_embed_then_watch(world, index):
    table = world.table(ROWS)
    world.declare("docs", table, index)
    world.daemon.start()

    run = world.watch()
    assert (run["rows_inserted"], run["texts_embedded"], run["points_written"]) == (3, 3, 3)
    world.check()

    table.update("id = 1", body="'another body'")
    table.delete("id = 2")
    table.append((4, "four", "fourth body", "c"))
    run = world.watch()
    assert (run["from_version"], run["to_version"]) == (0, 3)
    assert (run["rows_inserted"], run["rows_updated"], run["rows_deleted"]) == (1, 1, 1)
    world.check()
    assert set(world.paid().values()) == {1}

    run = world.watch()
    assert run["rows_read"] == run["provider_requests"] == run["points_written"] == 0
    world.check()
