"""The oracle itself: it sees every way in which an index can be wrong, and agrees with the rules."""

import datetime
import decimal
import json
import sqlite3
import subprocess
import sys

import pyarrow as pa
import pytest

from harness import ROOT
from oracle_text import canonical_key, chunks_of, plain, point_id, render, shortest

ROWS = [(1, "one", "first body", "a"), (2, "two", "second body", "b"), (3, None, None, "c")]

TAMPERING = {
    "DELETE FROM docs WHERE key = '[1]'": "missing: [1]",
    "UPDATE docs SET key = '[9]' WHERE key = '[1]'": "key is '[9]', must be '[1]'",
    "UPDATE docs SET text_sha256 = '00' WHERE key = '[2]'": "text_sha256",
    "UPDATE docs SET payload = '{}' WHERE key = '[2]'": "payload",
    "UPDATE docs SET source_version = 7": "source_version 7 of 0",
    "UPDATE docs SET chunk = 1 WHERE key = '[2]'": "chunk is 1",
    "UPDATE docs SET revision = 2 WHERE key = '[2]'": "several revisions",
    "UPDATE docs SET text = 'kept' WHERE key = '[2]'": "text is 'kept', must be None",
    "UPDATE docs SET embedding = zeroblob(64) WHERE key = '[2]'": "vector is that of another text",
    "UPDATE docs SET id = randomblob(16) WHERE key = '[2]'": "left over: [2]",
    "UPDATE docs SET source = 'another'": "missing: [1]",
}


@pytest.fixture
def embedded(world):
    index = world.index()
    world.declare("docs", world.table(ROWS), index)
    world.daemon.start()
    world.watch()
    world.check()
    return index


def test_sees_what_is_wrong(world, embedded):
    for statement, difference in TAMPERING.items():
        with sqlite3.connect(embedded.path) as db:
            before = db.execute("SELECT * FROM docs").fetchall()
            db.execute(statement)
        assert difference in "\n".join(world.differences()), statement
        with sqlite3.connect(embedded.path) as db:
            db.execute("DELETE FROM docs")
            db.executemany(f"INSERT INTO docs VALUES ({','.join('?' * len(before[0]))})", before)
    world.check()


def test_by_hand(world, embedded):
    spec = world.spec("docs")
    command = [sys.executable, ROOT / "tests" / "e2e" / "oracle.py", "--table", spec["source"]["table"],
               "--sink", spec["sink"], "--pipeline", "docs", "--text-col", "title,body", "--payload",
               "category"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "the index is true to the table\n"), done
    with sqlite3.connect(embedded.path) as db:
        db.execute("DELETE FROM docs WHERE key = '[1]'")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "missing: [1] chunk 0\n1 differences\n"), done


def test_rules():
    utc = datetime.timezone.utc
    stamp = datetime.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=utc)
    cells = [7, "x\"y", decimal.Decimal("1.50"), stamp, datetime.date(2026, 1, 2), b"\x00\xff", True, 0.1,
             1e21]
    kinds = [pa.int32(), pa.string(), pa.decimal128(5, 2), pa.timestamp("us", "UTC"), pa.date32(),
             pa.binary(), pa.bool_(), pa.float32(), pa.float64()]
    assert canonical_key(cells, kinds) == \
        '[7,"x\\"y","1.5","2026-01-02T03:04:05.000006Z","2026-01-02","AP8=",true,0.1,1e+21]'
    assert [shortest(x, False) for x in (1.0, 1e-7, 123456789.0, -0.5)] == ["1", "1e-7", "123456789", "-0.5"]
    assert plain(decimal.Decimal("100.00"), None) == "100"
    assert canonical_key(["1", "23"], [pa.string()] * 2) != canonical_key(["12", "3"], [pa.string()] * 2)
    row = {"a": 1, "b": None, "c": " x "}
    kinds = {"a": pa.int64(), "b": pa.string(), "c": pa.string()}
    assert render({"text": "{{{a}}} {b}|{c}"}, row, kinds) == "{1} | x "
    assert render({"text_columns": ["a", "b", "c"]}, row, kinds) == "1\n\n x "
    assert render({"text": "{a}", "where": {"not_null": ["b"]}}, row, kinds) is None
    assert chunks_of(" \u00a0\u2003\n", None) == []
    assert chunks_of("One two. Three four! Five", {"type": "sentence", "size": 5}) == \
        ["One two. Three four!", "Five"]
    assert str(point_id("docs", "[1]", 0)) == "ea99d0bc-783e-5500-8c1c-000eb00ed909"
    assert json.loads(canonical_key([None], [pa.int64()])) == [None]
