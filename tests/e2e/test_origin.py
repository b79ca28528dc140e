"""Defects of the library this grew out of, which Drift must not have. Numbers are those of the list that
its users kept."""

import pytest

from harness.crash import start_and_die


@pytest.fixture
def table(world):
    made = world.table([(1, None, "alpha", "x"), (2, None, "beta", "x"), (3, None, "alpha", "y")])
    world.declare("docs", made, world.index())
    world.daemon.start()
    world.watch()
    world.check()
    return made


def keys(world, name="docs"):
    return sorted(p.key for p in world.indexes[name].points(name).values())


def test_03_second_sink_and_second_model_pay_once(world, table):
    """The same texts in another sink are reused, in another model paid once, and then never again."""
    world.declare("copy", table, world.index())
    world.declare("other", table, world.index(), model="openai/text-embedding-3-small", dimensions=24)
    world.restart()
    assert world.watch("copy")["texts_embedded"] == 0
    assert world.watch("other")["texts_embedded"] == 2
    for name in ("docs", "copy", "other"):
        world.check(name)
        assert world.embed(name)["provider_requests"] == 0
        [row] = world.daemon.ctl_json("provenance", "--pipeline", name, "--key", "1")["records"]
        assert row["pipeline"] == name


def test_04_crash_does_not_end_dedup(world, table):
    world.daemon.stop()
    table.append((4, None, "gamma", "x"))
    start_and_die(world, "ledger-committed", lambda daemon: daemon.api.watch("docs"))
    world.daemon.start()
    world.watch()
    table.append((5, None, "gamma", "x"))
    assert world.watch()["texts_embedded"] == 0
    assert world.paid() == {"alpha": 1, "beta": 1, "gamma": 1}
    world.check()


def test_05_update_leaves_nothing_of_the_old_text(world, table):
    for text in ("second", "third", "fourth"):
        table.update("id = 2", body=f"'{text}'")
    world.watch()
    world.check()
    assert "second" not in world.paid() and "third" not in world.paid()


def test_06_equal_texts_are_two_points(world, table):
    table.delete("id = 1")
    world.watch()
    assert keys(world) == ["[2]", "[3]"]
    world.check()


def test_07_delete_and_insert_again_in_one_window(world, table):
    table.delete("id = 2")
    table.append((2, None, "beta", "x"))
    table.update("id = 1", body="'elsewhere'")
    table.update("id = 1", body="'alpha'")
    run = world.watch()
    assert run["provider_requests"] == 0
    world.check(history=False)
    assert keys(world) == ["[1]", "[2]", "[3]"]


def test_08_insert_delete_insert_over_three_runs(world, table):
    table.delete("id = 2")
    world.watch()
    [gone] = world.daemon.ctl_json("provenance", "--pipeline", "docs", "--key", "2")["records"]
    assert gone["state"] == "DELETED"
    table.append((2, None, "beta", "x"))
    world.watch()
    world.check()
    states = [r["state"] for r in world.daemon.ctl_json("provenance", "--pipeline", "docs", "--key", "2")["records"]]
    assert states == ["LIVE", "DELETED"]


def test_09_nothing_new_is_nothing(world, table):
    run = world.watch()
    assert run["rows_read"] == run["rows_inserted"] == run["points_written"] == 0


def test_10_duplicates_within_a_run(world, table):
    table.append(*[(10 + i, None, "delta", "x") for i in range(4)])
    run = world.watch()
    assert (run["texts_embedded"], run["texts_reused"], run["points_written"]) == (1, 3, 4)
    assert world.paid()["delta"] == 1
    world.check()


def test_11_null_and_blank_texts(world, table):
    table.append((10, None, None, "x"), (11, "", "", "x"), (12, " \t", "\n", "x"))
    run = world.watch()
    assert run["points_written"] == run["provider_requests"] == 0
    world.check()


def test_13_failure_loses_nothing_that_was_paid(world, table):
    """The provider breaks in the middle of a run; what it had answered is not asked for again."""
    world.spec("docs")["limits"] = {"batch_size": 10}
    world.configure()
    world.restart()
    table.append(*[(100 + i, None, f"row {i}", "x") for i in range(200)])
    refusal = {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": "invalid_api_key"}}
    world.provider.fail({"kind": "status", "status": 401, "body": refusal, "times": -1, "after": 8})
    assert world.daemon.api.watch("docs")["error_reason"] == "UNAUTHENTICATED"
    assert len(world.paid()) > 10
    world.provider.fail()
    world.daemon.ctl("pipeline", "resume", "docs")
    world.watch()
    world.check()
    assert set(world.paid().values()) == {1}


def test_14_many_points_in_one_run(world, index):
    """More than one request to the sink may hold."""
    table = world.table([(i, None, f"row {i}", "x" * 400) for i in range(3000)])
    world.declare("many", table, index, model="shadow/1536", payload=["category"])
    world.daemon.start()
    world.watch("many")
    assert len(index.points("many")) == 3000


def test_15_money_of_failed_runs_and_unknown_prices(world, table):
    world.provider.fail({"kind": "wrong_count", "times": -1})
    table.append((9, None, "nine", "x"))
    run = world.daemon.api.watch("docs")
    assert run["state"] == "FAILED" and run["cost_usd"] > 0
    billed = world.provider.bill()["tokens"] / 1000
    assert sum(row["cost_usd"] for row in world.daemon.ctl_json("cost")["rows"]) == pytest.approx(billed)
    unknown = world.daemon.ctl("plan", "--table", table.path, "--text-col", "body", "--sink", world.index().uri,
                               "--model", "openai/new-model", code=None)
    assert unknown.code in (1, 2) and "new-model" in unknown.err


def test_18_names_from_users_never_reach_sql(world, all_servers):
    name = 'docs"; DROP TABLE victims; --'
    all_servers.postgres.execute("CREATE TABLE IF NOT EXISTS victims (id int)")
    table = world.table([(1, None, "alpha", "x")])
    uris = [f"{all_servers.postgres.dsn('postgres')}?table={name}",
            f"sqlite://{world.folder}/inject.db?collection={name}"]
    world.daemon.start()
    for uri in uris:
        world.daemon.ctl("run", "embed", "--table", table.path, "--text-col", "body", "--model", "shadow/8",
                         "--sink", uri, code=None)
    all_servers.postgres.execute("SELECT * FROM victims")


def test_19_no_texts_in_the_index_unless_asked(world, index):
    table = world.table([(1, None, "a very private text", "x")])
    world.declare("docs", table, index)
    world.daemon.start()
    world.watch()
    [point] = index.points().values()
    assert point.text is None and "private" not in point.payload
    for file in world.daemon.folder.rglob("*"):
        assert not file.is_file() or b"private" not in file.read_bytes(), file


def test_20_runs_side_by_side(world):
    for i in range(8):
        table = world.table([(j, None, f"text {j}", "x") for j in range(40)], name=f"t{i}")
        world.declare(f"p{i}", table, world.index())
    world.daemon.start()
    runs = [world.daemon.api.start("WATCH", f"p{i}") for i in range(8)]
    for run in runs:
        assert world.daemon.api.wait(run["id"])["state"] == "SUCCEEDED"
    for i in range(8):
        world.check(f"p{i}")
    assert set(world.paid().values()) == {1}, "paid once for all of them"
