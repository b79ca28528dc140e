#!/usr/bin/env python3
"""The script a good engineer writes in an afternoon: a Delta table's rows, or what changed in it, into an
index. It keeps no state but a version number, and does everything right that can be right without any.

    script.py full|changes SINK TABLE [FROM_VERSION]     SINK: postgresql://…?table=t, qdrant://…/c, sqlite:///…
"""
import json
import os
import sqlite3
import sys
import time
import urllib.parse
import uuid

import deltalake
import numpy as np
import pyarrow as pa

from tables import peak_mb, text_sha256

DIMENSIONS = 1536
BATCH = 2048
COLUMNS = ("id", "body", "category", "views")


def embed(texts):
    """Where the provider would be asked: unit vectors, as fast as numpy makes them."""
    seed = int(text_sha256(texts[0])[:12], 16)
    vectors = np.random.default_rng(seed).standard_normal((len(texts), DIMENSIONS), dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def points(data):
    vectors = embed(data["body"])
    for i, key in enumerate(data["id"]):
        yield {
            "id": uuid.uuid5(uuid.NAMESPACE_URL, key), "vector": vectors[i], "key": key,
            "sha": text_sha256(data["body"][i]),
            "payload": {"category": data["category"][i], "views": data["views"][i]},
        }


class Postgres:
    def __init__(self, uri, fresh):
        import psycopg
        parts = urllib.parse.urlsplit(uri)
        self.table = urllib.parse.parse_qs(parts.query)["table"][0]
        self.db = psycopg.connect(urllib.parse.urlunsplit(parts._replace(query="")))
        if fresh:
            self.db.execute("CREATE EXTENSION IF NOT EXISTS vector")
            self.db.execute(f"CREATE TABLE {self.table}(id uuid primary key, embedding vector({DIMENSIONS}), "
                            "key text, text_sha256 text, payload jsonb)")
        self.db.commit()

    def upsert(self, batch):
        cursor = self.db.cursor()
        cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS stage (LIKE {self.table}) ON COMMIT DELETE ROWS")
        with cursor.copy("COPY stage FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["uuid", "bytea", "text", "text", "jsonb"])
            head = DIMENSIONS.to_bytes(2, "big") + b"\0\0"
            for p in batch:
                copy.write_row((p["id"], head + p["vector"].astype(">f4").tobytes(), p["key"], p["sha"],
                                json.dumps(p["payload"])))
        cursor.execute(f"INSERT INTO {self.table} SELECT * FROM stage ON CONFLICT (id) DO UPDATE SET "
                       "embedding=excluded.embedding, text_sha256=excluded.text_sha256, payload=excluded.payload")
        self.db.commit()

    def delete(self, ids):
        self.db.execute(f"DELETE FROM {self.table} WHERE id = ANY(%s)", (ids,))
        self.db.commit()


class Qdrant:
    def __init__(self, uri, fresh):
        import qdrant_client
        self.models = qdrant_client.models
        parts = urllib.parse.urlsplit(uri)
        self.name = parts.path[1:]
        self.client = qdrant_client.QdrantClient(host=parts.hostname, grpc_port=parts.port, prefer_grpc=True,
                                                 https=False, check_compatibility=False, timeout=120)
        if fresh:
            self.client.create_collection(
                self.name, hnsw_config=self.models.HnswConfigDiff(m=0),
                vectors_config=self.models.VectorParams(size=DIMENSIONS, distance=self.models.Distance.COSINE))

    def upsert(self, batch):
        self.client.upsert(self.name, wait=True, points=[
            self.models.PointStruct(id=str(p["id"]), vector=p["vector"].tolist(),
                                    payload={"key": p["key"], "sha": p["sha"], **p["payload"]}) for p in batch])

    def delete(self, ids):
        self.client.delete(self.name, self.models.PointIdsList(points=[str(i) for i in ids]), wait=True)


class Sqlite:
    def __init__(self, uri, fresh):
        self.db = sqlite3.connect(urllib.parse.urlsplit(uri).path)
        self.db.execute("PRAGMA journal_mode=WAL")
        if fresh:
            self.db.execute("CREATE TABLE docs(id blob primary key, embedding blob, key text, sha text, payload text)")

    def upsert(self, batch):
        self.db.executemany("INSERT OR REPLACE INTO docs VALUES (?,?,?,?,?)", [
            (p["id"].bytes, p["vector"].tobytes(), p["key"], p["sha"], json.dumps(p["payload"])) for p in batch])
        self.db.commit()

    def delete(self, ids):
        self.db.executemany("DELETE FROM docs WHERE id=?", [(i.bytes,) for i in ids])
        self.db.commit()


def main():
    what, uri, path = sys.argv[1:4]
    began = time.perf_counter()
    kinds = {"postgresql": Postgres, "qdrant": Qdrant, "sqlite": Sqlite}
    sink = kinds[uri.split(":")[0]](uri, what == "full")
    table, done = deltalake.DeltaTable(path), 0
    if what == "full":
        reader = table.to_pyarrow_dataset().scanner(batch_size=BATCH).to_batches()
        for batch in (b for b in reader if b.num_rows):
            sink.upsert(list(points(batch.to_pydict())))
            done += batch.num_rows
    else:
        feed = pa.RecordBatchReader.from_stream(table.load_cdf(starting_version=int(sys.argv[4]))).read_all()
        feed = feed.to_pydict()  # string views: pyarrow does not filter them
        kinds = feed["_change_type"]
        keep = [i for i, kind in enumerate(kinds) if kind in ("insert", "update_postimage")]
        for first in range(0, len(keep), BATCH):
            piece = {name: [feed[name][i] for i in keep[first:first + BATCH]] for name in COLUMNS}
            sink.upsert(list(points(piece)))
        gone = [feed["id"][i] for i, kind in enumerate(kinds) if kind == "delete"]
        sink.delete([uuid.uuid5(uuid.NAMESPACE_URL, key) for key in gone])
        done += len(keep) + len(gone)
    seconds = time.perf_counter() - began
    print(json.dumps({"rows": done, "seconds": seconds, "peak_mb": peak_mb()}))
    os._exit(0)


if __name__ == "__main__":
    main()
