"""What scripts and dashboards rely on: names of fields and metrics, exit codes, and that secrets stay
secrets."""

import json
import re
import uuid

import pytest

from harness.world import API_KEY

ROWS = [(i, f"title {i}", f"body {i}", "even" if i % 2 == 0 else "odd") for i in range(10)]
FIELDS = {
    "run": "id pipeline mode state source sink model from_version to_version rows_read rows_inserted rows_updated "
           "rows_deleted rows_unchanged texts_embedded texts_reused points_written points_deleted dead_letters "
           "provider_requests tokens tokens_estimated cost_usd start_time end_time error",
    "plan": "rows rows_to_embed rows_to_reuse rows_unchanged rows_without_text rows_dead rows_to_delete tokens "
            "tokens_estimated cost_usd from_version to_version",
    "status": "pipeline state reason remedy version lag_versions lag_seconds rows dead_letters last_run_id "
              "cost_usd_today",
    "cost": "key runs texts tokens cost_usd",
    "provenance": "point_id pipeline source key chunk table_version run_id model dimensions text_sha256 tokens "
                  "cost_usd written_at state",
    "deleted": "state deleted_at deleted_run_id deleted_version",
}
METRICS = """drift_build_info drift_pipeline_state{pipeline,state} drift_watermark_version{pipeline}
drift_watermark_lag_versions{pipeline} drift_watermark_lag_seconds{pipeline} drift_rows_total{op,pipeline}
drift_points_written_total{pipeline,sink_type} drift_texts_total{pipeline,result}
drift_tokens_total{model,pipeline,provider} drift_cost_usd_total{model,pipeline,provider}
drift_runs_total{mode,pipeline,state} drift_run_duration_seconds drift_provider_requests_total{code,model,provider}
drift_provider_request_seconds{model,provider} drift_provider_throttled_seconds_total{model,provider}
drift_sink_write_seconds{sink_type} drift_ledger_commit_seconds drift_dead_letters{pipeline}
drift_queue_bytes{pipeline,stage} drift_poll_seconds drift_errors_total{code,component}""".split()


@pytest.fixture
def table(world):
    made = world.table(ROWS)
    world.declare("docs", made, world.index())
    world.daemon.start()
    return made


def has(value, kind):
    missing = set(FIELDS[kind].split()) - set(value)
    assert not missing, f"{kind} lacks {missing}: {value}"


def test_field_names(world, table):
    has(world.daemon.ctl_json("plan", "--pipeline", "docs"), "plan")
    run = world.daemon.ctl_json("run", "embed", "--pipeline", "docs")
    has(run, "run")
    has(world.daemon.ctl_json("run", "get", run["id"]), "run")
    table.delete("id = 3")
    deleting = world.watch()
    has(world.daemon.ctl_json("run", "list")["runs"][0], "run")
    has(world.daemon.ctl_json("status")["pipelines"][0], "status")
    has(world.daemon.ctl_json("cost")["rows"][0], "cost")
    [live] = world.daemon.ctl_json("provenance", "--pipeline", "docs", "--key", "4")["records"]
    has(live, "provenance")
    assert (live["state"], live["key"], live["table_version"], live["run_id"]) == ("LIVE", "[4]", 0, run["id"])
    point = world.indexes["docs"].points()[uuid.UUID(live["point_id"])]
    assert (point.sha256, point.run_id, point.source_version) == (live["text_sha256"], run["id"], 0)
    assert world.daemon.ctl_json("provenance", "--point", live["point_id"]) == live
    [gone] = world.daemon.ctl_json("provenance", "--pipeline", "docs", "--key", "[3]")["records"]
    has(gone, "deleted")
    assert (gone["state"], gone["deleted_version"], gone["deleted_run_id"]) == ("DELETED", 1, deleting["id"])


def test_plan_tells_what_the_run_then_does(world, table):
    files = sorted(world.daemon.folder.rglob("*"))
    plan = world.daemon.ctl_json("plan", "--pipeline", "docs")
    assert world.indexes["docs"].points() == {} and world.paid() == {}
    assert [f for f in sorted(world.daemon.folder.rglob("*")) if f not in files] == []
    run = world.embed()
    assert (plan["rows"], plan["rows_to_embed"], plan["texts_to_embed"]) == (10, 10, run["texts_embedded"])
    assert plan["tokens"] == run["tokens"] and plan["cost_usd"] == pytest.approx(run["cost_usd"])
    table.append((20, "title 1", "body 1", "new"), (21, "x", "y", "z"), (22, None, " ", "z"), (None, "a", "b", "c"))
    table.update("id = 2", category="'moved'")
    table.delete("id = 5")
    for flags, mode in (["--watch"], "watch"), ([], "embed"):
        plan = world.daemon.ctl_json("plan", "--pipeline", "docs", *flags)
        looked_at = ["rows_to_embed", "rows_to_reuse", "rows_unchanged", "rows_without_text", "rows_dead"]
        assert plan["rows"] == sum(plan[name] for name in looked_at), plan
        assert (plan["rows_to_embed"], plan["rows_to_reuse"], plan["rows_to_delete"]) == (1, 2, 1), plan
        assert (plan["rows_without_text"], plan["rows_dead"]) == (1, 1), plan
        assert (plan["from_version"], plan["to_version"]) == (0, 3)
    run = world.watch()
    assert (run["texts_embedded"], run["texts_reused"], run["rows_deleted"]) == (1, 2, 1)
    assert run["tokens"] == plan["tokens"]
    plan = world.daemon.ctl_json("plan", "--pipeline", "docs")
    assert plan["rows_to_embed"] == plan["rows_to_reuse"] == plan["rows_to_delete"] == 0


def test_metrics(world, table):
    world.watch()
    table.update("id = 1", body="'new'")
    world.watch()
    world.provider.fail({"kind": "throttle", "times": 1, "wait": 0.1})
    table.update("id = 1", body="'newer'")
    world.watch()
    shown = world.daemon.metrics()
    series = set()
    for name in shown:
        base, _, labels = name.partition("{")
        keys = sorted(set(re.findall(r'(\w+)="', labels)) - {"le", "version", "commit"})
        series.add(re.sub(r"_(bucket|sum|count)$", "", base) + ("{" + ",".join(keys) + "}" if keys else ""))
    lacking = [name for name in METRICS if name not in series]
    assert not lacking, f"{lacking} in {sorted(series)}"
    assert shown['drift_watermark_version{pipeline="docs"}'] == 2
    assert shown['drift_watermark_lag_versions{pipeline="docs"}'] == 0
    assert shown['drift_texts_total{pipeline="docs",result="embedded"}'] == 12
    assert sum(v for k, v in shown.items() if k.startswith("drift_tokens_total")) == \
        world.provider.bill()["tokens"]
    assert sum(v for k, v in shown.items() if k.startswith("drift_cost_usd_total")) == \
        pytest.approx(world.provider.bill()["tokens"] / 1000)
    states = {k: v for k, v in shown.items() if k.startswith("drift_pipeline_state") and v == 1}
    assert list(states) == ['drift_pipeline_state{pipeline="docs",state="IDLE"}']
    assert not [name for name in shown if "body" in name or "[1]" in name]


def test_how_far_a_pipeline_is_outlives_a_restart(world, table):
    world.watch()
    world.restart()
    assert world.daemon.metrics()['drift_watermark_version{pipeline="docs"}'] == 0


def test_probes(world, table):
    assert world.daemon.get("/healthz")[0] == 200
    assert world.daemon.get("/readyz")[0] == 200
    assert world.daemon.get("/")[0] == 200
    assert world.daemon.get("/nothing")[0] == 404


def test_search(world, table):
    world.watch()
    found = world.daemon.ctl_json("search", "--pipeline", "docs", "title 4\n\nbody 4", "-k", "3")
    assert len(found["hits"]) == 3
    best = found["hits"][0]
    assert best["key"] == "[4]" and best["score"] == pytest.approx(1, abs=1e-3)
    assert best["payload"] == {"category": "even"} and best["chunk"] == 0
    scores = [hit["score"] for hit in found["hits"]]
    assert scores == sorted(scores, reverse=True)
    odd = world.daemon.ctl_json("search", "--pipeline", "docs", "title 4\n\nbody 4", "-k", "50", "--filter",
                                "category=odd")
    assert {hit["key"] for hit in odd["hits"]} == {f"[{i}]" for i in range(1, 10, 2)}
    assert world.daemon.ctl_json("cost", "--by", "run")["rows"][0]["key"] == ""  # searches cost, too
    paid = world.paid()
    wrong = world.daemon.ctl("search", "--pipeline", "docs", "x", "--filter", "colour=red", code=2)
    assert wrong.err == "error: docs: its points have no payload column 'colour'; known: category\n"
    assert world.paid() == paid


def test_search_before_anything_is_there(world, table):
    early = world.daemon.ctl("search", "--pipeline", "docs", "x", code=1)
    assert early.err == "error: docs: nothing is embedded yet; see driftctl status\n"


def test_exit_codes(world, table):
    world.daemon.ctl("run", "watch", "--pipeline", "docs", code=0)
    for usage in (["run", "watch", "--pipelin", "docs"], ["nonsense"], ["run"], ["search", "--pipeline", "docs"],
                  ["run", "list", "--limit", "-1"], ["-o", "csvv", "status"]):
        wrong = world.daemon.ctl(*usage, code=2)
        assert wrong.err.startswith("error: ") and wrong.err.count("\n") == 1, wrong
    for failed in (["run", "watch", "--pipeline", "nope"], ["run", "get", "01ABC"], ["migrate", "list"],
                   ["erase", "--pipeline", "docs", "--key", "1"]):
        answer = world.daemon.ctl(*failed, code=1)
        assert answer.err.startswith("error: ") and answer.err.count("\n") == 1, answer
    table.append((None, "a", "b", "c"))
    world.daemon.ctl("run", "watch", "--pipeline", "docs", code=4)
    world.daemon.stop()
    away = world.daemon.ctl("status", code=3)
    assert re.fullmatch(r"error: no daemon at 127\.0\.0\.1:\d+ \(connection refused\)\. Start one with: driftd +or "
                        r"name another with --server HOST:PORT\n", away.err), away


def test_other_formats(world, table):
    world.watch()
    csv = world.daemon.ctl("run", "list", "-o", "csv").out.splitlines()
    assert csv[0].startswith("id,pipeline,mode,state") and len(csv) == 2
    assert "pipeline: docs" in world.daemon.ctl("status", "-o", "yaml").out
    assert "docs" in world.daemon.ctl("completion", "bash").out or world.daemon.ctl("completion", "bash").out
    quiet = world.daemon.ctl("run", "watch", "--pipeline", "docs", "--quiet")
    assert quiet.err == ""
    detached = world.daemon.ctl("run", "embed", "--pipeline", "docs", "--detach").out.strip()
    assert re.fullmatch(r"[0-9A-Z]{26}", detached)
    world.daemon.api.wait(detached)
    models = world.daemon.ctl_json("models", "list")["models"]
    ours = next(model for model in models if model["model"] == "openai/e2e-embed")
    assert (ours["dimensions"], ours["usd_per_million_tokens"]) == (16, 1000)
    limits = ("requests_per_minute", "tokens_per_minute", "texts_per_minute")
    cohere = next(model for model in models if model["model"] == "cohere/embed-v4.0")
    assert [cohere[name] for name in limits] == [0, 0, 2000] and ours["texts_per_minute"] == 0


def test_secrets_stay_secret(world, table, all_servers):
    """A password in a URI is taken from the command line with a warning, and kept nowhere."""
    secret = "sw0rdf1sh-and-more"
    server = all_servers.postgres
    server.execute(f"CREATE ROLE keeper LOGIN SUPERUSER PASSWORD '{secret}'")
    uri = f"postgresql://keeper:{secret}@127.0.0.1:{server.port}/postgres?table=secret_docs"
    try:
        answer = world.daemon.ctl("run", "embed", "--table", table.path, "--text-col", "body", "--model",
                                  "openai/e2e-embed", "--sink", uri, code=None)
        told = [answer.out, answer.err]
        assert "warning" in answer.err and "password" in answer.err, answer
        for command in (["status"], ["status", "-o", "json"], ["run", "list", "-o", "json"], ["pipeline", "list", "-o",
                        "json"], ["models", "list"], ["cost", "--by", "run"]):
            told.append(world.daemon.ctl(*command).out)
        told += [world.daemon.log(), json.dumps(world.daemon.metrics())]
        world.daemon.stop()
        for file in world.daemon.folder.rglob("*"):
            if file.is_file() and file.name != "driftd.yaml":
                told.append(file.read_bytes().decode("latin-1"))
        for text in told:
            assert secret not in text and API_KEY not in text
    finally:
        server.execute("REASSIGN OWNED BY keeper TO drift")
        server.execute("DROP ROLE keeper")
