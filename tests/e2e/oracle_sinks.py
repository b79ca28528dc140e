"""What lies in a sink, read with the clients its users have: sqlite3, psycopg, qdrant-client."""

import dataclasses
import json
import sqlite3
import struct
import urllib.parse
import uuid


@dataclasses.dataclass
class Found:
    key: str
    chunk: int
    source: str
    source_version: int
    revision: int
    run_id: str
    model: str
    sha256: str
    embedded_at: str
    payload: str  # JSON with sorted names
    text: str | None
    vector: list


def compact(value):
    """JSON as keys are written: no spaces, text as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def from_sqlite(path, collection):
    db = sqlite3.connect(f"file:{urllib.parse.quote(path)}?mode=ro", uri=True, timeout=30)
    try:
        quoted = collection.replace('"', '""')
        rows = db.execute(
            "SELECT id, key, chunk, source, source_version, revision, run_id, model, text_sha256, "
            f'embedded_at, payload, text, embedding FROM "{quoted}"').fetchall()
    finally:
        db.close()
    out = {}
    for row in rows:
        vector = struct.unpack(f"<{len(row[12]) // 4}f", row[12])
        payload = json.dumps(json.loads(row[10]), sort_keys=True)
        out[uuid.UUID(bytes=row[0])] = Found(*row[1:10], payload, row[11], list(vector))
    return out


def from_postgres(dsn, table):
    import psycopg
    from psycopg import sql
    with psycopg.connect(dsn) as db:
        db.execute("SET TIME ZONE 'UTC'")
        rows = db.execute(sql.SQL(
            "SELECT id, key::text, chunk, source, source_version, revision, run_id, model, text_sha256, "
            "embedded_at, payload, text, embedding::text FROM {}").format(
                sql.Identifier(*table.split(".")))).fetchall()
    out = {}
    for row in rows:
        key = compact(json.loads(row[1]))
        when = row[9].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        payload = json.dumps(row[10], sort_keys=True)
        out[row[0]] = Found(key, *row[2:9], when, payload, row[11], json.loads(row[12]))
    return out


def from_qdrant(host, port, collection, api_key=None):
    import qdrant_client
    client = qdrant_client.QdrantClient(host=host, grpc_port=port, prefer_grpc=True, api_key=api_key,
                                        https=False, check_compatibility=False, timeout=60)
    out, after = {}, None
    try:
        while True:
            points, after = client.scroll(collection, limit=1000, offset=after, with_payload=True,
                                          with_vectors=True)
            for point in points:
                payload = dict(point.payload)
                drift, text = payload.pop("drift"), payload.pop("text", None)
                out[uuid.UUID(point.id)] = Found(
                    drift["key"], drift["chunk"], drift["source"], drift["source_version"],
                    drift["revision"], drift["run_id"], drift["model"], drift["text_sha256"],
                    drift["embedded_at"], json.dumps(payload, sort_keys=True), text,
                    list(point.vector))
            if after is None:
                return out
    finally:
        client.close()


def read(uri):
    """{id: Found} of every point in the collection, whoever put it there."""
    parts = urllib.parse.urlsplit(uri)
    query = dict(urllib.parse.parse_qsl(parts.query))
    if parts.scheme == "sqlite":
        return from_sqlite(urllib.parse.unquote(parts.path), query["collection"])
    if parts.scheme in ("postgresql", "pg"):
        host = urllib.parse.urlunsplit(("postgresql", parts.netloc, parts.path, "", ""))
        return from_postgres(host, query["table"])
    if parts.scheme == "qdrant":
        return from_qdrant(parts.hostname, parts.port, urllib.parse.unquote(parts.path.lstrip("/")))
    raise ValueError(f"unknown sink {uri}")
