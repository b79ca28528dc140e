"""The ledger of a test's daemon: a SQLite file of its own, or with DRIFT_E2E_LEDGER=postgres a schema of its
own in the test file's PostgreSQL."""

import contextlib
import itertools
import os
import shutil
import sqlite3
import tempfile

import psycopg

numbers = itertools.count(1)


class SqliteLedger:
    kind = "sqlite"
    url = None  # the daemon's default

    def __init__(self, folder):
        self.folder = folder / "state"  # XDG_STATE_HOME
        self.path = self.folder / "drift" / "ledger.db"

    def query(self, statement):
        with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True) as db:
            return db.execute(statement).fetchall()

    def query_after_kill(self, statement):
        """As the next daemon will find it: what the dead one wrote into the WAL last is not in the WAL's index
        yet, which only the first to open the files makes anew."""
        with tempfile.TemporaryDirectory() as folder:
            for suffix in ("", "-wal"):
                if (file := self.path.with_name(self.path.name + suffix)).exists():
                    shutil.copy(file, folder)
            with contextlib.closing(sqlite3.connect(f"{folder}/{self.path.name}")) as db:
                return db.execute(statement).fetchall()

    def forget(self):
        """The daemon must be down."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self):
        """A test that fails leaves it to be looked at."""


class PostgresLedger:
    kind = "postgres"

    def __init__(self, server):
        self.server = server
        self.schema = f"ledger{next(numbers)}"
        self.url = f"{server.dsn(server.database)}?schema={self.schema}"

    def query(self, statement):
        with psycopg.connect(self.server.dsn(self.server.database)) as db:
            db.execute(f"SET search_path TO {self.schema}")
            return db.execute(statement).fetchall()

    query_after_kill = query

    def forget(self):
        self.server.execute(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE")

    close = forget


def make(folder, servers, kind=None):
    kind = kind or os.environ.get("DRIFT_E2E_LEDGER", "sqlite")
    return SqliteLedger(folder) if kind == "sqlite" else PostgresLedger(servers.postgres)
