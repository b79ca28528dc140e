"""What may happen to a table, and what Drift makes of it: it carries on, or it pauses with the reason and
the remedy, and the remedy works."""

import json
import pathlib
import shutil

import pytest

ROWS = [(i, f"title {i}", f"body {i}", "a") for i in range(12)]
EMBED = "driftctl run embed --pipeline docs"


@pytest.fixture
def table(world):
    made = world.table(ROWS)
    world.declare("docs", made, world.index())
    world.daemon.start()
    world.watch()
    return made


def remedy_works(world, **counts):
    """run embed carries out the remedy as a difference."""
    before = world.paid()
    run = world.embed()
    world.check(history=False)
    for name, count in counts.items():
        assert run[name] == count, run
    assert world.daemon.api.status("docs")["state"] == "IDLE"
    assert all(times == 1 for times in world.paid().values()), "paid twice"
    assert len(world.paid()) - len(before) == run["texts_embedded"]
    world.watch()
    return run


def test_created_anew(world, table):
    table.drop()
    table.create([(i, f"title {i}", f"body {i}", "a") for i in range(6, 14)],
                 properties={"delta.enableChangeDataFeed": "true"})
    run = world.watch_pauses("TABLE_RECREATED", "dropped and created anew", remedy=EMBED)
    assert "rows changed; at most $" in world.daemon.api.status("docs")["remedy"]
    assert run["points_written"] == run["points_deleted"] == 0
    remedy_works(world, rows_deleted=6, texts_embedded=2)
    assert {p.revision for p in world.indexes["docs"].points().values()} == {2}
    table.update("id = 6", body="'after'")
    world.watch()
    world.check()


def test_put_back_from_a_backup(world, table, tmp_path):
    backup = table.copy(tmp_path / "backup")
    table.update("id = 1", body="'new'")
    table.append((50, "t", "fifty", "a"))
    world.watch()
    table.drop()
    shutil.copytree(backup, table.path)
    world.watch_pauses("TABLE_PUT_BACK", "put back from a backup", remedy=EMBED)
    remedy_works(world, rows_deleted=1)


def test_put_back_and_gone_on(world, table, tmp_path):
    """The same version number, another commit."""
    backup = table.copy(tmp_path / "backup")
    table.update("id = 1", body="'one way'")
    world.watch()
    table.drop()
    shutil.copytree(backup, table.path)
    table.update("id = 1", body="'another way'")
    table.append((50, "t", "fifty", "a"))
    world.watch_pauses("TABLE_PUT_BACK", remedy=EMBED)
    remedy_works(world, texts_embedded=2)


def test_restored_by_delta(world, table):
    table.update("id < 5", body="'changed ' || id")
    world.watch()
    table.do("restore", version=0)
    world.watch()
    world.check()


def test_feed_switched_off(world, table):
    table.do("properties", set={"delta.enableChangeDataFeed": "false"})
    table.update("id = 1", body="'unseen'")
    table.delete("id = 2")
    table.do("properties", set={"delta.enableChangeDataFeed": "true"})
    table.update("id = 3", body="'seen'")
    world.watch_pauses("CHANGE_FEED_OFF", "change feed", remedy=EMBED)
    remedy_works(world, rows_updated=2, rows_deleted=1, texts_embedded=2)


def test_history_vacuumed(world, table):
    table.update("id = 1", body="'one'")
    table.update("id = 2", body="'two'")
    shutil.rmtree(pathlib.Path(table.path, "_change_data"))
    table.do("vacuum")
    world.watch_pauses("HISTORY_GONE", "VACUUM", remedy=EMBED)
    remedy_works(world, rows_updated=2, texts_embedded=2)


def test_log_cleaned(world, table):
    for i in range(5):
        table.update(f"id = {i}", body=f"'new {i}'")
    table.do("checkpoint")
    for commit in sorted(pathlib.Path(table.path, "_delta_log").glob("*.json"))[:4]:
        commit.unlink()
    table.append((60, "t", "sixty", "a"))
    world.watch_pauses("HISTORY_GONE", "cleaned away", remedy=EMBED)
    remedy_works(world, rows_updated=5, rows_inserted=1, texts_embedded=6)


def rename_in_log(table, change):
    """Commits a change of the schema, as ALTER TABLE does."""
    log = pathlib.Path(table.path, "_delta_log")
    version = table.version
    metadata = None
    for commit in sorted(log.glob("*.json")):
        for line in commit.read_text().splitlines():
            metadata = json.loads(line).get("metaData", metadata)
    schema = json.loads(metadata["schemaString"])
    schema["fields"] = [f for f in (change(field) for field in schema["fields"]) if f]
    metadata["schemaString"] = json.dumps(schema)
    info = {"commitInfo": {"timestamp": 1, "operation": "ALTER"}}
    (log / f"{version + 1:020}.json").write_text("\n".join(map(json.dumps, [info, {"metaData": metadata}])))


@pytest.mark.parametrize("column", ["body", "id", "category"])
def test_column_dropped(world, table, column):
    rename_in_log(table, lambda field: None if field["name"] == column else field)
    world.watch_pauses("COLUMN_MISSING", f"column '{column}' was dropped", remedy="Name the columns")


def test_column_renamed(world, table):
    """By writing the table anew, for plain tables have no other way."""
    table.columns = {"id": "long", "title": "string", "text": "string", "category": "string"}
    table.overwrite([(1, "t", "renamed", "a")], columns=table.columns, schema_mode="overwrite")
    world.watch_pauses("COLUMN_MISSING", "column 'body'", remedy="Name the columns")
    world.spec("docs")["text_columns"] = ["title", "text"]
    world.configure()
    world.restart()
    world.daemon.api.watch("docs")
    run = world.embed()
    assert run["rows_deleted"] == 11
    world.check()


def test_unknown_feature(world, table):
    log = pathlib.Path(table.path, "_delta_log")
    protocol = {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7,
                             "readerFeatures": ["teleportation"], "writerFeatures": ["teleportation"]}}
    (log / f"{1:020}.json").write_text(json.dumps(protocol))
    world.watch_pauses("UNSUPPORTED_TABLE", "teleportation", remedy="Switch that feature off")


def test_table_gone(world, table):
    table.drop()
    world.watch_pauses("TABLE_NOT_FOUND", "no Delta table here", "on its machine", remedy="Put the table back")
    table.create(ROWS)


def test_two_rows_with_one_key(world):
    table = world.table([*ROWS, (3, "again", "another body", "a"), (3, "and", "again", "b"),
                         (5, "x", "y", "z")])
    world.declare("docs", table, world.index())
    world.daemon.start()
    world.watch_pauses("DUPLICATE_KEY", "3 rows have the key [3] at version 0", "1 more keys are not unique",
                       remedy=EMBED)
    assert world.paid() == {} and world.indexes["docs"].points() == {}
    table.delete("category IN ('b', 'z') OR title = 'again'")
    remedy_works(world, rows_inserted=12)


def test_second_insert_of_a_live_key(world, table):
    paid = world.paid()
    table.append((3, "again", "another body", "a"))
    world.watch_pauses("DUPLICATE_KEY", "2 rows have the key [3]", remedy=EMBED)
    assert world.paid() == paid
    table.delete("title = 'again'")
    remedy_works(world, rows_unchanged=12)


def test_without_a_feed(world):
    table = world.table(ROWS, feed=False)
    world.declare("docs", table, world.index())
    world.daemon.start()
    world.watch()
    table.update("id = 1", body="'new'")
    table.delete("id = 2")
    table.append((70, "t", "seventy", "a"))
    run = world.watch()
    assert (run["rows_updated"], run["rows_deleted"], run["rows_inserted"]) == (1, 1, 1)
    assert run["texts_embedded"] == 2 and run["rows_unchanged"] == 10
    world.check()


def test_schema_change_in_a_window(world, table):
    table.update("id = 1", body="'before'")
    table.do("add_columns", columns={"extra": "string"})
    table.update("id = 2", body="'after'", extra="'x'")
    table.append((80, "t", "eighty", "a", "y"))
    run = world.watch()
    assert run["to_version"] == 4
    world.check()


def test_rewrites_cost_nothing(world, table):
    paid = world.paid()
    table.overwrite(ROWS[::-1])
    table.do("optimize")
    table.overwrite([(i, None, "", "") for i in range(12)])
    table.overwrite(ROWS)
    table.delete("id < 6")
    table.append(*ROWS[:6])
    run = world.watch()
    assert run["provider_requests"] == run["points_written"] == run["points_deleted"] == 0
    assert world.paid() == paid
    world.check(history=False)


def test_since_version(world):
    table = world.table(ROWS)
    table.update("id = 1", body="'one'")
    table.update("id = 2", body="'two'")
    index = world.index()
    world.declare("docs", table, index, since_version=2)
    world.daemon.start()
    world.watch()
    assert {p.key for p in index.points().values()} == {"[2]"}
    table.update("id = 3", body="'three'")
    world.restart()
    world.watch()
    assert {p.key for p in index.points().values()} == {"[2]", "[3]"}
    assert "since_version is ignored" in world.daemon.log()
    run = world.embed()
    assert run["texts_embedded"] == 10
    world.check()


def test_row_leaves_where(world):
    table = world.table(ROWS)
    world.declare("docs", table, world.index(), where={"not_null": ["category"]})
    world.daemon.start()
    world.watch()
    table.update("id = 1", category="NULL")
    world.watch()
    world.check()
    table.update("id = 1", category="'b'")
    world.watch()
    world.check()


def test_all_kinds_of_keys(world):
    columns = {"a": "string", "b": "decimal(10,3)", "c": "timestamp", "d": "date", "e": "double", "f": "boolean",
               "g": "binary", "h": "short", "body": "string"}
    rows = [["1", "23", "2026-01-02T03:04:05.5Z", "2026-01-02", 0.1, True, "AP8=", 1, "x"],
            ["12", "3.500", "2026-01-02T03:04:05Z", "2026-01-02", 1e300, False, "", -1, "y"],
            ["é\"\\", "-0.001", "1969-12-31T23:59:59.999999Z", "1969-12-31", -0.0, False, "AAAA", 0, "z"]]
    table = world.table(rows, columns=columns)
    world.declare("docs", table, world.index(), key=list("abcdefgh"), text_columns=["body"],
                  payload=list("abcdefgh"))
    world.daemon.start()
    world.watch()
    world.check()
    assert len(world.indexes["docs"].points()) == 3
