"""Every file of config/examples is run as it is: its addresses come from the environment, as it says."""

import json
import os
import pathlib

import pytest

from harness import ROOT
from harness.daemon import Daemon
from harness.processes import wait_for
from harness.servers import S3
from harness.tables import Table

EXAMPLES = ROOT / "config" / "examples"
DIMENSIONS = {"text-embedding-3-small": 1536, "bge-m3": 1024}
MODEL = pathlib.Path(os.environ["DRIFT_MODELS_DIR"]) / "wordllama-256"
BUCKET = "s3://lake/"
S3_REGION = "us-east-1"  # versitygw's own

# Of each example: its pipelines' tables, by name, with the columns that are not text's.
TITLED = {"id": "string", "title": "string", "body": "string"}
TABLES = {
    "local-sqlite": {"articles": {**TITLED, "category": "string"}},
    "long-texts": {"manuals": {"id": "long", "chapter": "string", "body": "string", "language": "string"}},
    "openai-qdrant": {BUCKET + "docs": {**TITLED, "category": "string", "updated_at": "string"}},
    "openai-pgvector": {"tickets": {"tenant": "string", "id": "long", "subject": "string", "body": "string",
                                    "status": "string"}},
    "openai-azure": {"docs": TITLED},
    "own-server-qdrant": {"docs": {"id": "string", "body": "string"}},
    "rehearsal-shadow": {"docs": TITLED},
    "several-pipelines": {BUCKET + f"docs_{language}": {**TITLED, "language": "string"}
                          for language in ("en", "de", "fr")},
    "pipeline": {"faq": {"id": "long", "question": "string", "answer": "string"}},
}


def row(columns, number):
    """Row `number`: readable words of its own in every text column."""
    return [number if kind == "long" else f"{column} of row {number}" for column, kind in columns.items()]


class Example:
    def __init__(self, name, folder, servers):
        self.name, self.folder, self.servers = name, folder, servers
        self.lake = folder / "lake"
        self.lake.mkdir()
        self.env = {"LAKE": str(self.lake), "DRIFT_DATA": str(folder), "DRIFT_EXAMPLES": str(EXAMPLES)}
        self.text = (EXAMPLES / f"{name}.yaml").read_text()
        if "QDRANT_HOST" in self.text:
            self.env |= {"QDRANT_HOST": "127.0.0.1", "QDRANT_PORT": str(servers.qdrant.port), "QDRANT_API_KEY": "x"}
        if "PGHOST" in self.text:
            self.env |= {"PGHOST": "127.0.0.1", "PGPORT": str(servers.postgres.port), "PGPASSWORD": "x"}
            for database in ("drift", "app"):
                servers.postgres.execute(f"DROP DATABASE IF EXISTS {database}")
                servers.postgres.execute(f"CREATE DATABASE {database}")
            servers.postgres.execute("CREATE EXTENSION IF NOT EXISTS vector", "app")
            servers.postgres.execute("CREATE SCHEMA search", "app")
        if "openai" in self.text or "GPU_URL" in self.text:
            servers.provider.reset()
            servers.provider.settings(models=DIMENSIONS)
            url = servers.provider.base_url
            self.env |= {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "sk-test", "GPU_URL": url, "GPU_API_KEY": "sk-test",
                         "AZURE_BASE_URL": url.replace("/openai/v1", "/azure"), "AZURE_OPENAI_API_KEY": "sk-test"}
        if BUCKET in self.text:
            self.env |= {"AWS_ENDPOINT": servers.s3.endpoint, "AWS_ALLOW_HTTP": "true", "AWS_REGION": S3_REGION,
                         "AWS_ACCESS_KEY_ID": S3.key, "AWS_SECRET_ACCESS_KEY": S3.secret}
        self.tables = {address: self.make_table(address, columns) for address, columns in TABLES[name].items()}

    def make_table(self, address, columns):
        rows = [row(columns, number) for number in range(3)]
        if not address.startswith(BUCKET):
            return Table(self.lake / address, columns, rows)
        storage = {"AWS_ACCESS_KEY_ID": S3.key, "AWS_SECRET_ACCESS_KEY": S3.secret, "AWS_REGION": S3_REGION,
                   "AWS_ENDPOINT_URL": self.servers.s3.endpoint, "AWS_ALLOW_HTTP": "true"}
        return Table(address, columns, rows, storage=storage)

    def start(self):
        daemon = Daemon(self.folder / "daemon", env=self.env)
        if self.name != "pipeline":
            daemon.config_path = EXAMPLES / f"{self.name}.yaml"
        daemon.start()
        if self.name == "pipeline":  # its addresses are fixed: no variables in what is applied
            text = self.text.replace("/srv/lake", str(self.lake)).replace("/var/lib/drift", str(self.folder))
            daemon.ctl("pipeline", "apply", "-f", "-", stdin=text)
        return daemon


def test_none_is_forgotten():
    files = {path.stem for path in EXAMPLES.glob("*.yaml")} - {"own-models", "own-prices"}
    assert files == set(TABLES)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_runs(name, tmp_path, all_servers):
    if "local/wordllama-256" in (EXAMPLES / f"{name}.yaml").read_text() and not MODEL.exists():
        pytest.skip("no model here; run make models")
    example = Example(name, tmp_path, all_servers)
    daemon = example.start()
    try:
        def caught_up(version, rows):
            status = daemon.ctl_json("status")["pipelines"]
            states = [p["state"] for p in status]
            assert "PAUSED" not in states, json.dumps(status, indent=1)
            return len(status) == len(example.tables) and all(
                (p["version"], p["rows"], p["state"]) == (version, rows, "IDLE") for p in status)

        if "schedule:" not in example.text:
            daemon.ctl("run", "embed", "--pipeline", name.split("-")[0])
        # Else by itself: a schedule begins at once.
        wait_for(lambda: caught_up(0, 3), f"{name} to be embedded", every=0.2)
        for table in example.tables.values():
            table.append(row(table.columns, 3))
        for pipeline in daemon.ctl_json("pipeline", "list")["pipelines"]:
            spec = pipeline["spec"]
            daemon.ctl("run", "watch", "--pipeline", spec["name"])
            hits = daemon.ctl_json("search", "--pipeline", spec["name"], "question of row 3", "-k", "9")["hits"]
            assert len({hit["key"] for hit in hits}) == 4, hits
        assert caught_up(1, 4)
        if name == "openai-pgvector":  # as docs/points.md has it
            nearest = all_servers.postgres.execute(
                """SELECT key, 1 - (embedding <=> (SELECT embedding FROM search.tickets LIMIT 1)) AS score
                   FROM search.tickets WHERE source = 'tickets' ORDER BY score DESC LIMIT 5""", "app")
            assert len(nearest) == 4 and nearest[0][1] > 0.999
    finally:
        daemon.close()
