"""Servers of a test file's own, on loopback and free ports: PostgreSQL with pgvector, Qdrant, S3, and
the stand-in for embedding providers."""

import itertools
import json
import os
import pathlib
import signal
import subprocess
import sys
import urllib.request

from harness import ROOT
from harness.processes import free_port, is_listening, spawn, stop, wait_for

SUPPORT = ROOT / "tests" / "support"
ATTEMPTS = 3  # a port may be taken between choosing and listening
names = itertools.count(1)


class Server:
    """Subclasses say how to start it and when it is ready."""

    stop_signal = signal.SIGTERM

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "server.log"
        self.process = None
        for attempt in range(ATTEMPTS):
            self.port = free_port()
            try:
                return self.start()
            except ChildProcessError:
                if attempt == ATTEMPTS - 1:
                    raise

    def start(self):
        self.process = spawn(self.command(), log=self.log, env=self.environment())
        wait_for(self._ready, f"{type(self).__name__} on port {self.port}")

    def _ready(self):
        if self.process.poll() is not None:
            raise ChildProcessError(f"ended with {self.process.returncode}: {self.log.read_text()[-2000:]}")
        return self.is_ready()

    def environment(self):
        return {}

    def is_ready(self):
        return is_listening(self.port)

    def stop(self):
        if self.process:
            stop(self.process, self.stop_signal)


class Postgres(Server):
    stop_signal = signal.SIGINT
    database = "postgres"

    def command(self):
        return [SUPPORT / "postgres.sh", self.folder, self.port]

    def is_ready(self):
        import psycopg
        try:
            psycopg.connect(self.dsn("postgres"), connect_timeout=5).close()
            return True
        except psycopg.OperationalError:
            return False

    def dsn(self, database):
        return f"postgresql://drift@127.0.0.1:{self.port}/{database}"

    def execute(self, statement, database="postgres"):
        import psycopg
        with psycopg.connect(self.dsn(database), autocommit=True, options="-c lock_timeout=20s") as db:
            cursor = db.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def fresh_database(self):
        name = f"e2e_{next(names)}"
        self.execute(f"CREATE DATABASE {name}")
        return name


class Qdrant(Server):
    def __init__(self, folder):
        found = subprocess.run([SUPPORT / "qdrant.sh", "--find"], capture_output=True, check=False)
        self.kind = os.environ.get("DRIFT_E2E_QDRANT") or ("real" if found.returncode == 0 else "facade")
        super().__init__(folder)

    def command(self):
        return [SUPPORT / "qdrant.sh", self.folder, free_port(), self.port, self.kind]

    def environment(self):
        # Collections are many and small.
        return {"QDRANT__STORAGE__WAL__WAL_CAPACITY_MB": "1",
                "QDRANT__STORAGE__OPTIMIZERS__DEFAULT_SEGMENT_NUMBER": "1"}

    def client(self):
        import qdrant_client
        return qdrant_client.QdrantClient(host="127.0.0.1", grpc_port=self.port, prefer_grpc=True,
                                          https=False, check_compatibility=False, timeout=60)


class GuardedPostgres(Postgres):
    """Wants the password."""

    def __init__(self, folder, secret):
        self.secret = secret
        super().__init__(folder)
        self.execute("CREATE EXTENSION IF NOT EXISTS vector")

    def environment(self):
        return {"POSTGRES_PASSWORD": self.secret}

    def dsn(self, database):
        return f"postgresql://drift:{self.secret}@127.0.0.1:{self.port}/{database}"

    @property
    def uri(self):
        return f"postgresql://drift@127.0.0.1:{self.port}/postgres?table=docs&password=env:SINK_SECRET"


class GuardedQdrant(Qdrant):
    """Wants the API key."""

    def __init__(self, folder, secret):
        self.secret = secret
        super().__init__(folder)

    def environment(self):
        return {**super().environment(), "QDRANT_API_KEY": self.secret}

    @property
    def uri(self):
        return f"qdrant://127.0.0.1:{self.port}/docs?api_key=env:SINK_SECRET"


class S3(Server):
    """Raises FileNotFoundError where versitygw is not installed."""

    key, secret = "e2e-access-key", "e2e-secret-key-0123456789"

    def __init__(self, folder):
        tools = os.environ.get("DRIFT_TOOLS_BIN", "")
        if not os.path.exists(os.path.join(tools, "versitygw")):
            raise FileNotFoundError("no versitygw; run tools/setup.sh test")
        (pathlib.Path(folder) / "buckets" / "lake").mkdir(parents=True)
        super().__init__(folder)

    def command(self):
        return [SUPPORT / "delta_s3.sh", self.folder / "buckets", self.port]

    def environment(self):
        return {"ROOT_ACCESS_KEY": self.key, "ROOT_SECRET_KEY": self.secret}

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"


class Provider(Server):
    """Speaks OpenAI's protocol and keeps an account of every text it billed."""

    def command(self):
        return [sys.executable, ROOT / "tests" / "fakes" / "providers" / "server.py", "--port", self.port]

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.port}/openai/v1"

    def _call(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/control/{path}", data)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def bill(self):
        """{"requests", "tokens", "texts": {text: times}}."""
        return self._call("bill")

    def bill_sums(self):
        """The bill without the texts."""
        return self._call("bill?texts=0")

    def stats(self):
        """Answers by status, and what was let in per model, in how many seconds."""
        return self._call("stats")

    def journal(self):
        """What became of each request for embeddings: tests/fakes/providers/journal.py."""
        return self._call("journal")

    def await_rest(self):
        """Until it works on no request any more."""
        wait_for(lambda: self.stats()["in_hand"] == 0, "the provider to have nothing in hand")

    def paid(self):
        return self.bill()["texts"]

    def requests(self):
        return self._call("requests")

    def fail(self, *faults):
        self._call("faults", {"faults": list(faults)})

    def settings(self, **settings):
        self._call("settings", settings)

    def reset(self):
        self._call("reset", {})
