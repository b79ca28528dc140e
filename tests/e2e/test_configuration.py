"""Pipelines as they are declared, changed, paused, scheduled and taken away."""

import json
import signal

import pytest

from harness.processes import wait_for

ROWS = [(i, f"title {i}", f"body {i}", "a" if i % 2 else "b") for i in range(20)]
EMBED = "driftctl run embed --pipeline docs"


@pytest.fixture
def table(world):
    made = world.table(ROWS)
    world.declare("docs", made, world.index())
    world.daemon.start()
    return made


def redeclare(world, **changes):
    spec = world.spec("docs")
    for name, value in changes.items():
        spec.pop(name, None)
        if value is not None:
            spec[name] = value
    world.configure()


def hang_up(world):
    """SIGHUP, and until it has been obeyed."""
    before = world.daemon.log().count("reloaded") + world.daemon.log().count("configuration is wrong")
    world.daemon.signal(signal.SIGHUP)
    wait_for(lambda: world.daemon.log().count("reloaded") + world.daemon.log().count("configuration is wrong") > before,
             "the configuration to be read again")


@pytest.mark.parametrize("change, embedded", [
    ({"text_columns": None, "text": "{title}: {body}"}, 20),
    ({"text_columns": ["body"]}, 20),
    ({"payload": []}, 0),
    ({"payload": ["category", "title"]}, 0),
    ({"store_text": True}, 0),
    ({"chunking": {"type": "sentence", "size": 100}}, 0),
    ({"where": {"not_null": ["category"]}}, 0),
    ({"key": ["title"]}, 0),
])
def test_change_is_asked_for(world, table, change, embedded):
    """What changes the points pauses with figures; run embed carries it out and reuses what is there."""
    world.watch()
    paid = world.paid()
    redeclare(world, **change)
    world.restart()
    world.watch_pauses("CONFIG_CHANGED", next(iter(change)).split("_")[0], remedy=EMBED)
    assert "of 20 rows changed; at most $" in world.daemon.api.status("docs")["remedy"]
    plan = world.daemon.ctl_json("plan", "--pipeline", "docs")
    assert (plan["rows_to_embed"], plan["rows_to_reuse"]) == (embedded, 20 - embedded)
    assert world.paid() == paid
    run = world.embed()
    assert run["texts_embedded"] == embedded
    world.check(history=False)
    assert {p.revision for p in world.indexes["docs"].points().values()} == {2}
    assert all(n == 1 for n in world.paid().values())


def test_change_that_changes_no_point(world, table):
    world.watch()
    redeclare(world, limits={"batch_size": 3}, schedule=None)
    world.restart()
    run = world.watch()
    assert run["rows_read"] == 0


def test_schedule_polls_by_itself(world, table):
    redeclare(world, schedule={"every_secs": 1})
    hang_up(world)

    def runs():
        return world.daemon.ctl_json("run", "list", "--pipeline", "docs")["runs"]

    # A run that is still under way would take the change along.
    wait_for(lambda: [run["state"] for run in runs()] == ["SUCCEEDED"], "the first embed")
    table.update("id = 3", body="'three'")
    table.delete("id = 4")
    wait_for(lambda: not world.differences(), "the change to arrive")
    assert all(run["scheduled"] for run in runs()) and {run["mode"] for run in runs()} == {"WATCH"}
    assert len(runs()) == 2, "a poll that finds nothing is no run"
    status = world.daemon.ctl_json("status")["pipelines"][0]
    assert (status["every_secs"], status["lag_versions"], status["rows"]) == (1, 0, 19)


def test_paused_pipeline_is_left_alone(world, table):
    redeclare(world, schedule={"every_secs": 1})
    world.daemon.ctl("pipeline", "pause", "docs")
    world.restart()  # a pause survives
    status = world.daemon.api.status("docs")
    assert (status["state"], status["reason"]) == ("PAUSED", "PAUSED_BY_USER")
    refused = world.daemon.ctl("run", "watch", "--pipeline", "docs", code=1)
    assert "docs is paused; resume it with: driftctl pipeline resume docs" in refused.err
    assert world.indexes["docs"].points() == {}
    world.daemon.ctl("pipeline", "resume", "docs")
    wait_for(lambda: len(world.indexes["docs"].points()) == 20, "the first embed")


def test_reload(world, table):
    world.watch()
    index = world.index()
    world.declare("second", world.table(ROWS[:3], name="second"), index)
    hang_up(world)
    world.watch("second")
    world.check("second")

    # A mistake changes nothing.
    right = world.config()
    world.daemon.configure({**right, "pipelines": [{**right["pipelines"][0], "keys": ["id"]}]})
    hang_up(world)
    assert "the old one stays" in world.daemon.log() and "unknown key 'keys'" in world.daemon.log()
    assert len(world.daemon.ctl_json("pipeline", "list")["pipelines"]) == 2

    # Taken out: no longer scheduled, but there.
    world.pipelines.pop(0)
    world.configure()
    hang_up(world)
    assert "pipeline is no longer declared" in world.daemon.log()
    shown = world.daemon.ctl_json("pipeline", "get", "docs")
    assert shown["origin"] == "API" and len(world.indexes["docs"].points()) == 20


@pytest.mark.parametrize("kind, option", [("qdrant", "?timeout_secs=50"), ("pgvector", "&timeout_secs=50")])
def test_an_option_of_the_connection_is_no_change(world, table, kind, option):
    world.declare("docs2", table, world.index(kind))
    hang_up(world)
    world.watch("docs2")
    world.spec("docs2")["sink"] += option
    world.configure()
    hang_up(world)
    plan = world.daemon.ctl_json("plan", "--pipeline", "docs2")
    assert plan["rows_unchanged"] == plan["rows"] == 20, plan
    table.append((77, "t", "new", "a"))
    assert world.watch("docs2")["points_written"] == 1
    world.check("docs2")
    assert "the same collection by another address" in world.daemon.log()


def test_plan_says_about_how_long(world, table):
    assert world.daemon.ctl_json("plan", "--pipeline", "docs")["seconds"] == 0, "nothing to go by"
    tokens = world.daemon.ctl_json("plan", "--pipeline", "docs")["tokens"]
    world.extra["providers"] = {"openai": {**world.config()["providers"]["openai"], "tokens_per_minute": tokens}}
    world.configure()
    hang_up(world)
    plan = world.daemon.ctl_json("plan", "--pipeline", "docs")
    assert plan["seconds"] == pytest.approx(60), plan
    assert "time, about" in world.daemon.ctl("plan", "--pipeline", "docs").out


def test_owned_by_the_configuration(world, table):
    apply_file = world.folder / "docs.yaml"
    apply_file.write_text(json.dumps({**world.spec("docs"), "payload": []}))
    for command in (["apply", "-f", apply_file], ["delete", "docs"]):
        refused = world.daemon.ctl("pipeline", *command, code=1)
        assert "docs is declared in the daemon's configuration" in refused.err and refused.err.count("\n") == 1


def test_apply_change_delete(world, table):
    spec = {**world.spec("docs"), "name": "mine", "sink": world.index().uri}
    file = world.folder / "mine.yaml"
    file.write_text(json.dumps(spec))
    assert world.daemon.ctl_json("pipeline", "apply", "-f", file, "--dry-run")["change"] == "CREATED"
    assert len(world.daemon.ctl_json("pipeline", "list")["pipelines"]) == 1
    assert world.daemon.ctl_json("pipeline", "apply", "-f", file)["change"] == "CREATED"
    assert world.daemon.ctl_json("pipeline", "apply", "-f", file)["change"] == "UNCHANGED"
    world.pipelines.append(spec)
    world.watch("mine")
    world.check("mine")
    spec["payload"] = []
    file.write_text(json.dumps(spec))
    changed = world.daemon.ctl_json("pipeline", "apply", "-f", file)
    assert changed["change"] == "CHANGED" and "payload" in changed["difference"]
    assert any("run embed --pipeline mine" in line for line in changed["warnings"]), changed
    world.watch_pauses("CONFIG_CHANGED", "payload", name="mine")
    world.embed("mine")
    world.check("mine")
    file.write_text(json.dumps({**spec, "chunking": {"typ": "none"}, "key": []}))
    wrong = world.daemon.ctl("pipeline", "apply", "-f", file, code=2)
    assert "mine.yaml:" in wrong.err and "unknown key 'typ'; did you mean 'type'?" in wrong.err
    world.daemon.ctl("pipeline", "delete", "mine")
    gone = world.daemon.ctl("run", "watch", "--pipeline", "mine", code=1)
    assert "no pipeline 'mine'" in gone.err


def test_pipeline_by_flags(world, table):
    index = world.index()
    flags = ["--table", table.path, "--text-col", "title,body", "--sink", index.uri, "--model", "shadow/16"]
    run = world.daemon.ctl_json("run", "embed", *flags)
    name = run["pipeline"]
    assert name.startswith("table-") and len(name) == len("table-") + 8
    assert len(index.points(name)) == 20
    table.update("id = 1", body="'one'")
    assert world.daemon.ctl_json("run", "watch", *flags)["rows_updated"] == 1
    assert world.daemon.ctl_json("run", "watch", "--pipeline", name)["rows_read"] == 0
    other = [*flags[:3], "body", *flags[4:]]
    refused = world.daemon.ctl("run", "watch", *other, code=2)
    assert name in refused.err and "text" in refused.err and "run embed" in refused.err
    run = world.daemon.ctl_json("run", "embed", *other)
    assert run["pipeline"] == name and run["points_written"] == 20
    shadow = world.daemon.ctl_json("run", "embed", "--table", table.path, "--text-col", "body", "--sink",
                                   world.index().uri, "--model", "openai/text-embedding-3-small",
                                   "--shadow-mode")
    assert shadow["model"] == "shadow/1536" and shadow["cost_usd"] == 0
    assert world.paid() == {}


@pytest.mark.parametrize("changed, code, words", [
    ({"--model": "shadow/32"}, 1, ["holds vectors of shadow/16", "the pipeline makes shadow/32"]),
    ({"--model": "voyage/voyage-4", "--sink": "new"}, 1, ["no API key", "env:VOYAGE_API_KEY"]),
    ({"--model": "openai/nope"}, 2, ["openai/nope", "known: text-embedding-3-small"]),
    ({"--model": "shadow/0"}, 2, ["from 1 to 65536"]),
    ({"--since-version": 99, "--sink": "new"}, 2, ["there is no version 99; the latest is 0"]),
    ({"--text-col": "nope", "--sink": "new"}, 2, ["nope", "title"]),
], ids=["another-model", "no-key", "unknown-model", "no-dimensions", "no-version", "no-column"])
def test_flags_that_cannot_work_leave_nothing_behind(world, table, changed, code, words):
    index = world.index()
    flags = {"--table": table.path, "--text-col": "title,body", "--sink": index.uri, "--model": "shadow/16"}
    world.daemon.ctl_json("run", "embed", *[part for flag in flags.items() for part in flag])
    before = world.daemon.ctl_json("status")["pipelines"]
    wrong = {**flags, **changed}
    if wrong["--sink"] == "new":
        wrong["--sink"] = world.index().uri
    refused = world.daemon.ctl("run", "watch", *[part for flag in wrong.items() for part in flag], code=code)
    assert all(word in refused.err for word in words), refused.err
    assert refused.err.count("\n") == 1
    assert len(world.daemon.ctl_json("status")["pipelines"]) == len(before)


def test_nothing_named(world, table):
    for command in (["run", "embed"], ["run", "watch"], ["plan"]):
        assert "name a pipeline (--pipeline)" in world.daemon.ctl(*command, code=2).err
    assert "no pipeline 'nope'" in world.daemon.ctl("run", "list", "--pipeline", "nope", code=1).err


def test_since_version_that_does_nothing_says_so(world, table):
    flags = ["--table", table.path, "--text-col", "body", "--sink", world.index().uri, "--model", "shadow/16"]
    embed = world.daemon.ctl("run", "embed", *flags, "--since-version", 0)
    assert "embed reads the whole table" in embed.err
    watch = world.daemon.ctl("run", "watch", *flags, "--since-version", 0)
    assert "since_version is ignored: the index is at version 0" in watch.err


def test_a_slip_in_the_providers_name(world, table):
    refused = world.daemon.ctl("plan", "--table", table.path, "--text-col", "body", "--model", "opanai/x",
                               "--sink", "sqlite:///tmp/x.db?collection=x", code=2)
    assert refused.err.strip() == "error: unknown provider 'opanai'; did you mean 'openai'?"
    refused = world.daemon.ctl("plan", "--table", table.path, "--text-col", "body", "--model", "zzzzzz/x",
                               "--sink", "sqlite:///tmp/x.db?collection=x", code=2)
    names = refused.err.split("; known: ")[1].strip().split(", ")
    assert names == sorted(set(names)) and {"openai", "local", "shadow"} <= set(names)
