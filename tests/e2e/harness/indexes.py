"""The sinks a pipeline may write to: how a test names a fresh collection, counts and drops it."""

import itertools
import sqlite3

import psycopg

import oracle_sinks

KINDS = ("sqlite", "pgvector", "qdrant")
numbers = itertools.count(1)


class Index:
    """A collection that nobody has used before."""

    def __init__(self, kind, folder, servers):
        self.kind = kind
        self.servers = servers
        if kind == "sqlite":
            self.path = folder / f"index{next(numbers)}.db"
            self.uri = f"sqlite://{self.path}?collection=docs"
        elif kind == "pgvector":
            self.table = f"docs{next(numbers)}"
            self.uri = f"{servers.postgres.dsn(servers.postgres.database)}?table={self.table}"
        else:
            self.collection = f"docs{next(numbers)}"
            self.uri = f"qdrant://127.0.0.1:{servers.qdrant.port}/{self.collection}"

    def points(self, pipeline=None):
        """{id: oracle_sinks.Found}; empty when there is no collection."""
        try:
            found = oracle_sinks.read(self.uri)
        except (sqlite3.OperationalError, psycopg.errors.UndefinedTable):
            return {}
        except Exception as error:
            if "doesn't exist" in str(error):
                return {}
            raise
        return {id: p for id, p in found.items() if pipeline in (None, p.source)}

    def texts(self):
        return {p.sha256 for p in self.points().values()}

    def drop(self):
        """As somebody would who does not know Drift."""
        if self.kind == "sqlite":
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        elif self.kind == "pgvector":
            self.servers.postgres.execute(f"DROP TABLE IF EXISTS {self.table}")
        else:
            client = self.servers.qdrant.client()
            client.delete_collection(self.collection)
            client.close()
