"""One test's daemon, provider, table and pipelines, and the question whether all is well."""

import json
import pathlib
import sys

import oracle
from harness import ROOT, ledger
from harness.daemon import Daemon
from harness.indexes import Index
from harness.tables import Table

sys.path.insert(0, str(ROOT / "tests" / "fakes" / "providers"))
from vectors import vector_of  # noqa: E402

API_KEY = "sk-test"
DIMENSIONS = 16
MODEL = "openai/e2e-embed"
# No tokenizer: tokens are estimated, as for most servers of one's own. A dollar per thousand tokens.
MODELS = {"models": [{"provider": "openai", "name": "e2e-embed", "dimensions": DIMENSIONS,
                      "request": {"max_texts": 2048}, "tokenizer": "estimate"}]}
PRICES = {"prices": [{"provider": "openai", "model": "e2e-embed", "since": "2020-01-01",
                      "usd_per_million_tokens": 1000}]}
PIPELINE = {"key": ["id"], "text_columns": ["title", "body"], "payload": ["category"], "model": MODEL}


class World:
    def __init__(self, folder, provider, servers):
        self.folder = pathlib.Path(folder)
        self.provider, self.servers = provider, servers
        self.pipelines = []  # of the configuration
        self.indexes = {}  # by pipeline
        self.daemons = []
        self.extra = {}  # more sections of the configuration
        provider.reset()
        provider.settings(models={"e2e-embed": DIMENSIONS, "text-embedding-3-small": 1536})
        (self.folder / "models.yaml").write_text(json.dumps(MODELS))
        (self.folder / "prices.yaml").write_text(json.dumps(PRICES))
        self.ledger = ledger.make(self.folder / "daemon", servers)
        self.daemon = self.make_daemon("daemon")

    # -- making things

    def make_daemon(self, name):
        daemon = Daemon(self.folder / name, self.config(), {"OPENAI_API_KEY": API_KEY})
        self.daemons.append(daemon)
        return daemon

    def config(self):
        return {
            "providers": {"openai": {"type": "openai", "api_key": "env:OPENAI_API_KEY",
                                     "base_url": self.provider.base_url}},
            "catalogue": {"models": str(self.folder / "models.yaml"),
                          "prices": str(self.folder / "prices.yaml")},
            "pipelines": self.pipelines, **({"ledger": {"url": self.ledger.url}} if self.ledger.url else {}),
            **self.extra,
        }

    def configure(self):
        """Writes the configuration anew; SIGHUP or a restart makes it hold."""
        self.daemon.configure(self.config())

    def table(self, rows=(), name="table", **options):
        return Table(self.folder / name, rows=rows, **options)

    def index(self, kind="sqlite"):
        return Index(kind, self.folder, self.servers)

    def declare(self, name, table, index, **changes):
        """Adds a pipeline to the configuration."""
        spec = {"name": name, "source": {"type": "delta", "table": table.path}, "sink": index.uri,
                **PIPELINE, **changes}
        if "text" in changes:
            del spec["text_columns"]
        self.pipelines.append({k: v for k, v in spec.items() if v is not None})
        self.indexes[name] = index
        self.configure()
        return self.pipelines[-1]

    def spec(self, name):
        return next(spec for spec in self.pipelines if spec["name"] == name)

    def close(self):
        for daemon in self.daemons:
            daemon.close()
        self.ledger.close()

    # -- doing things

    def watch(self, name="docs"):
        """Runs to the end and must succeed."""
        return self._succeeds(self.daemon.api.watch(name))

    def embed(self, name="docs"):
        return self._succeeds(self.daemon.api.embed(name))

    def _succeeds(self, run):
        assert run["state"] == "SUCCEEDED", f"{run}\n{self.daemon.log()[-3000:]}"
        return run

    def restart(self, failpoint=None):
        if self.daemon.is_up():
            self.daemon.stop()
        self.daemon.start(failpoint)

    # -- asking

    def paid(self):
        """{text: times} since the last reset."""
        return self.provider.paid()

    def differences(self, name="docs", **options):
        spec = self.spec(name)
        return oracle.differences(spec["source"]["table"], spec["sink"], name, spec,
                                  vectors=vector_of, **{"history": True, **options})

    def check(self, name="docs", **options):
        """The index of the pipeline is true to its table, to the last point."""
        found = self.differences(name, **options)
        assert not found, "\n".join(found[:20]) + f"\n{self.daemon.log()[-3000:]}"

    def watch_pauses(self, reason, *words, name="docs", remedy="", mode="WATCH"):
        """The run fails for that reason, names it in words, and the pipeline is paused with a remedy,
        in the API and in `driftctl status`. Returns the run."""
        run = self.daemon.api.run(mode, name)
        assert (run["state"], run["error_reason"]) == ("FAILED", reason), f"{run}\n{self.daemon.log()[-2000:]}"
        status = self.daemon.api.status(name)
        assert (status["state"], status["reason"]) == ("PAUSED", reason), status
        for word in words:
            assert word in run["error"], run["error"]
            assert word in status["message"], status
        assert "\n" not in run["error"]
        assert remedy in status["remedy"] and status["remedy"], status
        shown = self.daemon.ctl("status").out
        assert f"{name}: " in shown and "PAUSED" in shown, shown
        # As a sentence: with a capital.
        assert " ".join(status["remedy"][1:].split())[:60] in " ".join(shown.split()), shown
        return run
