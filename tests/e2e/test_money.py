"""Budgets, and the ledger's money beside the provider's own account."""

import datetime
import json
import signal
import time
import urllib.request

import pytest

from harness.crash import text
from harness.processes import wait_for

ROWS = [(i, f"title {i}", text(f"body {i}", 1), "a") for i in range(60)]  # about 0.26 dollars each


@pytest.fixture
def table(world):
    made = world.table(ROWS)
    world.declare("docs", made, world.index(), limits={"batch_size": 10})
    return made


def reload(world):
    before = world.daemon.log().count("reloaded")
    world.configure()
    world.daemon.signal(signal.SIGHUP)
    wait_for(lambda: world.daemon.log().count("reloaded") > before, "the configuration to be read again")


@pytest.mark.parametrize("scope", ["pipeline/docs", "provider/openai"])
@pytest.mark.parametrize("period", ["usd_per_day", "usd_per_month"])
def test_hard_budget(world, table, scope, period):
    world.extra = {"budgets": [{"scope": scope, period: 8, "soft": 0.5}]}
    world.configure()
    world.daemon.start()
    world.watch_pauses("BUDGET_EXHAUSTED", "$8", remedy="the next period resumes it")
    spent = world.provider.bill()["tokens"] / 1000
    assert 0 < spent <= 8
    [budget] = world.daemon.api.call("CostService", "Budgets")["budgets"]
    assert (budget["scope"], budget["state"], budget["limit_usd"]) == (scope, "EXHAUSTED", 8)
    assert budget["spent_usd"] == pytest.approx(spent) and budget["open_usd"] == 0
    # What was paid for is kept; a row without a provider call still gets through when it is asked for.
    world.extra = {"budgets": [{"scope": scope, period: 100}]}
    reload(world)
    world.daemon.ctl("pipeline", "resume", "docs")
    world.watch()
    world.check()
    assert set(world.paid().values()) <= {1, 2}  # test_reload_keeps_what_was_paid


def test_reload_keeps_what_was_paid(world, table):
    world.extra = {"budgets": [{"scope": "pipeline/docs", "usd_per_day": 8}]}
    world.configure()
    world.daemon.start()
    world.watch_pauses("BUDGET_EXHAUSTED", "$8")
    world.extra = {}
    reload(world)
    world.daemon.ctl("pipeline", "resume", "docs")
    world.watch()
    assert set(world.paid().values()) == {1}


def test_reload_keeps_the_pace(world, table):
    """What a run before the reload took of the quota is gone for those after it."""
    tokens = 270 * len(ROWS)
    world.extra = {"providers": {"openai": {**world.config()["providers"]["openai"], "tokens_per_minute": tokens * 10}}}
    world.spec("docs")["limits"] = {"batch_size": 100}
    others = [(i, "other", text(f"other body {i}", 1), "a") for i in range(60)]
    world.declare("other", world.table(others, name="other"), world.index())
    world.daemon.start()
    world.watch()
    world.extra["budgets"] = [{"scope": "provider/openai", "usd_per_day": 1000}]
    reload(world)
    began = time.monotonic()
    world.watch("other")
    assert time.monotonic() - began > 3  # of six seconds
    assert world.provider.bill()["requests"] == 2


def test_what_may_have_been_billed_is_counted(world, table):
    """A server's trouble may have been billed; the ledger never says less than the provider."""
    world.provider.fail({"kind": "trouble", "every": 3}, {"kind": "reset_mid_body", "every": 4})
    world.daemon.start()
    world.watch()
    world.check()
    counted = sum(row["tokens"] for row in world.daemon.ctl_json("cost")["rows"])
    assert counted >= world.provider.bill()["tokens"]


def test_search_counts_too(world, table):
    world.daemon.start()
    world.watch()
    world.extra = {"budgets": [{"scope": "pipeline/docs", "usd_per_day": 0.001}]}
    reload(world)
    requests = world.provider.bill()["requests"]
    refused = world.daemon.ctl("search", "--pipeline", "docs", "anything", code=1)
    assert "budget" in refused.err and refused.err.count("\n") == 1
    assert world.provider.bill()["requests"] == requests
    # Reuse costs nothing, so it goes on.
    table.update("id = 1", category="'moved'")
    world.watch()
    world.check()


def test_cost_agrees_with_the_provider(world, table):
    """All groups, and the provider's usage export, to the token."""
    world.declare("other", world.table(ROWS[:20], name="other"), world.index(), model="openai/text-embedding-3-small",
                  dimensions=24)
    world.provider.fail({"kind": "wrong_count", "every": 7}, {"kind": "throttle", "every": 5, "wait": 0.1})
    world.daemon.start()
    world.watch()
    world.watch("other")
    world.daemon.ctl("search", "--pipeline", "docs", "a question", code=None)
    world.provider.fail()
    bill = world.provider.bill()
    for group in ("model", "pipeline", "provider", "day", "run"):
        rows = world.daemon.ctl_json("cost", "--by", group)["rows"]
        assert sum(row["tokens"] for row in rows) == bill["tokens"], group
    keys = {g: [row["key"] for row in world.daemon.ctl_json("cost", "--by", g)["rows"]] for g in ("model", "day")}
    assert keys["model"] == ["openai/e2e-embed", "openai/text-embedding-3-small"]
    assert keys["day"] == [datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")]
    base = world.provider.base_url.removesuffix("/v1")
    ask = urllib.request.Request(f"{base}/v1/organization/usage/embeddings",
                                 headers={"Authorization": "Bearer sk-test"})
    with urllib.request.urlopen(ask, timeout=30) as answer:
        usage = json.load(answer)
    export = world.folder / "usage.json"
    export.write_text(json.dumps(usage))
    answer = world.daemon.ctl_json("cost", "reconcile", "--file", export)
    assert answer["ledger_tokens"] == answer["provider_tokens"] == bill["tokens"]
    assert answer["tokens_difference"] == 0 and len(answer["days"]) == 1
    usage["data"][0]["results"][0]["input_tokens"] += 7
    export.write_text(json.dumps(usage))
    assert world.daemon.ctl_json("cost", "reconcile", "--file", export)["tokens_difference"] == 7
    export.write_text("{not json")
    wrong = world.daemon.ctl("cost", "reconcile", "--file", export, code=None)
    assert wrong.code in (1, 2) and "usage.json" in wrong.err and wrong.err.count("\n") == 1


def test_prices_change_without_a_rebuild(world, table):
    world.daemon.start()
    before = world.daemon.ctl_json("plan", "--pipeline", "docs")
    prices = json.loads((world.folder / "prices.yaml").read_text())
    prices["prices"].append({**prices["prices"][0], "since": "2021-01-01", "usd_per_million_tokens": 500})
    prices["prices"].append({**prices["prices"][0], "since": "2999-01-01", "usd_per_million_tokens": 900})
    (world.folder / "prices.yaml").write_text(json.dumps(prices))
    reload(world)
    after = world.daemon.ctl_json("plan", "--pipeline", "docs")
    assert after["tokens"] == before["tokens"] and after["cost_usd"] == pytest.approx(0.5 * before["cost_usd"])
    run = world.watch()
    assert run["cost_usd"] == pytest.approx(after["cost_usd"])
