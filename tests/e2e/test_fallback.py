"""A provider that is away: its model is asked of another one that has the very same, and everything is on the right bill."""

import pytest

from harness.daemon import Daemon
from harness.tables import Table

KEY = "sk-test"
MODEL = "text-embedding-3-small"


@pytest.fixture
def provider(all_servers):
    server = all_servers.provider
    server.reset()
    return server


def config(folder, provider, **openai):
    table = Table(folder / "table", columns={"id": "long", "body": "string"}, rows=texts(0, 400))
    providers = {
        "openai": {"type": "openai", "base_url": f"http://127.0.0.1:{provider.port}/openai/v1", "api_key": "env:KEY", **openai},
        "azure-eu": {"type": "azure", "base_url": f"http://127.0.0.1:{provider.port}/azure", "api_key": "env:KEY"},
        "voyage": {"type": "voyage", "base_url": f"http://127.0.0.1:{provider.port}/voyage/v1", "api_key": "env:KEY"},
    }
    pipeline = {"name": "docs", "source": {"type": "delta", "table": table.path}, "key": ["id"], "text": "{body}",
                "model": f"openai/{MODEL}", "dimensions": 64, "sink": f"sqlite://{folder}/index.db?collection=docs",
                "limits": {"batch_size": 16}}
    return table, {"providers": providers, "pipelines": [pipeline]}


@pytest.fixture
def made(tmp_path, provider):
    table, settings = config(tmp_path, provider, fallback=["azure-eu"])
    daemon = Daemon(tmp_path / "daemon", settings, {"KEY": KEY}).start()
    yield daemon, table
    daemon.close()


def texts(first, count):
    return [(i, f"the text of row {i}, about subject {i * 7919 % 1000}") for i in range(first, first + count)]


def billed(provider, name):
    return provider.bill()["models"].get(f"{name}/{MODEL}", {"tokens": 0})["tokens"]


def ledger(daemon):
    return {row["key"]: row for row in daemon.ctl_json("cost", "--by", "provider")["rows"]}


def expect_equal_books(daemon, provider):
    books = ledger(daemon)
    for key, name in (("openai", "openai"), ("azure-eu", "azure")):
        assert books.get(key, {"tokens": 0})["tokens"] == billed(provider, name)


def test_the_same_model_is_asked_elsewhere_until_its_provider_is_back(made, provider):
    daemon, table = made
    provider.fail({"kind": "trouble", "provider": "openai", "times": -1})
    run = daemon.ctl_json("run", "embed", "--pipeline", "docs")
    assert (run["state"], run["points_written"], run["dead_letters"]) == ("SUCCEEDED", 400, 0)
    assert billed(provider, "openai") == 0 < billed(provider, "azure")
    assert run["tokens"] == billed(provider, "azure") and run["cost_usd"] > 0
    expect_equal_books(daemon, provider)
    assert ledger(daemon)["openai"]["requests"] >= 5  # refused, and free
    assert daemon.log().count("another one is asked for it meanwhile") == 1
    answered = [name for name in daemon.metrics() if name.startswith("drift_provider_requests_total{")
                and 'provider="azure-eu"' in name and 'code="OK"' in name]
    assert answered

    provider.fail()
    for first in range(1000, 100_000, 100):
        table.append(*texts(first, 100))
        daemon.ctl("run", "watch", "--pipeline", "docs")
        if billed(provider, "openai"):
            break
    assert "asked of its own provider again" in daemon.log()
    before = billed(provider, "azure")
    table.append(*texts(200_000, 100))
    daemon.ctl("run", "watch", "--pipeline", "docs")
    assert billed(provider, "azure") == before
    expect_equal_books(daemon, provider)
    assert set(provider.bill()["texts"].values()) == {1}  # the vectors are one model's, whoever made them


def test_budgets_are_those_of_the_provider_that_is_asked(tmp_path, provider):
    """A fallback without money left is left alone: the run waits for the first."""
    table, settings = config(tmp_path, provider, fallback=["azure-eu"])
    settings["budgets"] = [{"scope": "provider/azure-eu", "usd_per_day": 0.00002}]
    daemon = Daemon(tmp_path / "daemon", settings, {"KEY": KEY}).start()
    try:
        provider.fail({"kind": "trouble", "provider": "openai", "for_secs": 6})
        run = daemon.ctl_json("run", "embed", "--pipeline", "docs")
        assert run["points_written"] == 400
        assert ledger(daemon)["azure-eu"]["cost_usd"] <= 0.00002
        assert "a fallback cannot be asked" in daemon.log()
        expect_equal_books(daemon, provider)
    finally:
        daemon.close()


def test_a_refusal_is_not_an_absence(made, provider):
    """A wrong key, an empty account: somebody has to look, and nobody else is paid meanwhile."""
    daemon, _ = made
    provider.settings(keys=["another"])
    daemon.ctl("run", "embed", "--pipeline", "docs", code=1)
    [status] = daemon.ctl_json("status")["pipelines"]
    assert (status["state"], status["reason"]) == ("PAUSED", "UNAUTHENTICATED")
    assert set(provider.stats()["statuses"]) == {"openai"}


def test_another_model_is_refused(tmp_path, provider):
    _, settings = config(tmp_path, provider, fallback=["voyage"])
    daemon = Daemon(tmp_path / "daemon", settings, {"KEY": KEY})
    with pytest.raises(ChildProcessError) as error:
        daemon.start()
    assert "openai cannot fall back to voyage for text-embedding-3-small: a provider of type voyage serves other " \
           "models than one of type openai" in str(error.value)
