"""Every provider over a network, from the table to the search: the ledger beside the provider's own account."""

import dataclasses
import math
import signal

import pytest

from harness.daemon import Daemon
from harness.processes import wait_for
from harness.tables import Table

KEY = "sk-test"


@dataclasses.dataclass
class Case:
    type: str
    path: str  # of base_url, at the stand-in
    model: str
    dimensions: int = 0  # 0: the model's own
    key: bool = True
    prompt_free: bool = True  # rows and searches are sent as they are

    def __str__(self):
        return self.type


CASES = [
    Case("openai", "openai/v1", "text-embedding-3-small", 64),
    Case("azure", "azure", "text-embedding-3-large", 64),
    Case("voyage", "voyage/v1", "voyage-4", 256),
    Case("gemini", "gemini/v1beta", "gemini-embedding-001", 128),
    Case("cohere", "cohere", "embed-v4.0", 256),
    Case("ollama", "ollama", "bge-m3", key=False),
    Case("tei", "tei", "BAAI/bge-m3", key=False),
]


@pytest.fixture
def provider(all_servers):
    server = all_servers.provider
    server.reset()
    server.settings(tei={"model_id": "BAAI/bge-m3", "max_input_length": 8192})
    return server


def make(folder, provider, case, rows, **pipeline):
    table = Table(folder / "table", columns={"id": "long", "body": "string"}, rows=rows)
    settings = {"type": case.type, "base_url": f"http://127.0.0.1:{provider.port}/{case.path}"}
    if case.key:
        settings["api_key"] = "env:THE_KEY"
    spec = {"name": "docs", "source": {"type": "delta", "table": table.path}, "key": ["id"], "text": "{body}",
            "model": f"{case.type}/{case.model}", "sink": f"sqlite://{folder}/index.db?collection=docs", **pipeline}
    if case.dimensions:
        spec["dimensions"] = case.dimensions
    made = Daemon(folder / "daemon", {"providers": {case.type: settings}, "pipelines": [spec]}, {"THE_KEY": KEY})
    made.table = table
    return made


def embed(daemon, code=0):
    return daemon.ctl_json("run", "embed", "--pipeline", "docs", code=code)


def cost_of(daemon):
    [row] = daemon.ctl_json("cost", "--by", "model")["rows"]
    return row


def texts(count):
    return [(i, f"the text of row {i}, about subject {i * 7919 % 1000}") for i in range(count)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_from_the_table_to_the_search(tmp_path, provider, case):
    rows = texts(250)
    daemon = make(tmp_path, provider, case, rows).start()
    try:
        run = embed(daemon)
        assert (run["texts_embedded"], run["points_written"], run["dead_letters"]) == (250, 250, 0)
        bill = provider.bill()
        assert bill["texts"] == {text: 1 for _, text in rows}
        row = cost_of(daemon)
        assert (row["key"], row["texts"]) == (f"{case.type}/{case.model}", 250)
        assert row["tokens"] == bill["tokens"] == run["tokens"]
        assert not row["tokens_estimated"] and (row["cost_usd"] > 0) == case.key
        hits = daemon.ctl_json("search", "--pipeline", "docs", rows[123][1], "-k", 1)["hits"]
        assert hits[0]["key"] == "[123]" and hits[0]["score"] > 0.99
        assert embed(daemon)["provider_requests"] == 0  # a second time costs nothing
    finally:
        daemon.close()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_faults_lose_nothing_and_hide_no_cost(tmp_path, provider, case):
    rows = texts(600)
    daemon = make(tmp_path, provider, case, rows, limits={"batch_size": 16}).start()
    provider.fail({"kind": "throttle", "every": 5, "wait": 0.05}, {"kind": "trouble", "every": 7},
                  {"kind": "truncated_json", "every": 11}, {"kind": "reset_mid_body", "every": 13})
    try:
        run = embed(daemon)
        provider.fail()
        assert (run["points_written"], run["dead_letters"]) == (600, 0)
        bill = provider.bill()
        assert set(bill["texts"]) == {text for _, text in rows}
        row = cost_of(daemon)
        assert row["tokens"] >= bill["tokens"]
        assert row["tokens_estimated"] or case.type in ("ollama", "tei")
        assert provider.stats()["statuses"][case.type]["200"] >= 38
    finally:
        daemon.close()


RATIO = 1.7


def plan_beside_bill(daemon, rows):
    """The plan's tokens, divided by what the stand-in would bill for the rows it has to embed."""
    plan = daemon.ctl_json("plan", "--pipeline", "docs")
    assert plan["tokens_estimated"] and plan["rows_to_embed"] == len(rows)
    return plan["tokens"] / sum(math.ceil(-(-len(text) // 4) * RATIO) for _, text in rows)


@pytest.mark.parametrize("case", [case for case in CASES if case.type in ("voyage", "ollama")], ids=str)
def test_what_bills_teach_is_kept(tmp_path, provider, case):
    """Estimates follow the bills, also of free models, and go on doing so after a reload and a restart."""
    provider.settings(tokenizer={"token_ratio": RATIO})
    rows = texts(600)
    daemon = make(tmp_path, provider, case, rows).start()
    try:
        assert plan_beside_bill(daemon, rows) < 0.7
        embed(daemon)
        row = cost_of(daemon)
        assert row["tokens"] == provider.bill()["tokens"]
        assert (row["tokens_by_provider"], row["tokens_by_tokenizer"], row["tokens_by_estimate"]) == (row["tokens"], 0, 0)
        more = [(i, f"row {i}, another text about {i * 104729 % 1000}") for i in range(1000, 1200)]
        daemon.table.append(*more)
        assert plan_beside_bill(daemon, more) == pytest.approx(1, abs=0.1)
        daemon.signal(signal.SIGHUP)
        wait_for(lambda: "configuration reloaded" in daemon.log(), "the configuration to be read again")
        assert plan_beside_bill(daemon, more) == pytest.approx(1, abs=0.1)
        daemon.stop()
        daemon.start()
        assert plan_beside_bill(daemon, more) == pytest.approx(1, abs=0.1)
    finally:
        daemon.close()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_one_bad_text_is_found(tmp_path, provider, case):
    rows = texts(40)
    rows[17] = (17, "x" * 700_000)  # too long for every model
    daemon = make(tmp_path, provider, case, rows).start()
    try:
        run = embed(daemon, code=4)
        assert (run["points_written"], run["dead_letters"]) == (39, 1)
        [letter] = daemon.ctl_json("dead-letters", "list")["dead_letters"]
        assert letter["key"] == "[17]"
        assert set(provider.bill()["texts"]) == {text for i, text in rows if i != 17}
    finally:
        daemon.close()


@pytest.mark.parametrize("case", [case for case in CASES if case.key], ids=str)
def test_a_wrong_key_pauses_and_says_so(tmp_path, provider, case):
    provider.settings(keys=["another"])
    daemon = make(tmp_path, provider, case, texts(3)).start()
    try:
        embed(daemon, code=1)
        [status] = daemon.ctl_json("status")["pipelines"]
        assert status["state"] == "PAUSED" and "the API key was refused" in str(status)
        assert "env:THE_KEY" in status["remedy"]
        assert KEY not in daemon.log() + str(status)
    finally:
        daemon.close()
