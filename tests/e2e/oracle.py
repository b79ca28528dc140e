#!/usr/bin/env python3
"""Says whether an index is true to its table.

    oracle.py --table T --sink URI --pipeline NAME --key id --text-col title,body [--payload A,B] ...

An independent program: it reads the Delta table with deltalake and the sink with its own client, works
out which points must exist, and prints every difference. Exit code 0: none; 1: some.
"""

import argparse
import collections
import math
import os
import sys

import deltalake

import oracle_sinks
from oracle_text import expected_points

SHOWN = 10


def load(table, version=None, storage=None):
    return deltalake.DeltaTable(table, version=version, storage_options=storage).to_pyarrow_table()


class Comparison:
    def __init__(self, table, sink, pipeline, spec, *, version=None, dead=(), vectors=None,
                 history=False, storage=None):
        self.table, self.sink, self.pipeline, self.spec = table, sink, pipeline, spec
        self.dead, self.storage = set(dead), storage
        self.vectors = vectors  # (text, dimensions) → the vector, where it can be known
        self.version = version
        if self.version is None:
            self.version = deltalake.DeltaTable(table, storage_options=storage).version()
        self.history = history
        self.differences = []

    def run(self):
        """The differences, as sentences."""
        expected = expected_points(load(self.table, self.version, self.storage), self.spec,
                                   self.pipeline, self.dead)
        found = {id: point for id, point in oracle_sinks.read(self.sink).items()
                 if point.source == self.pipeline}
        for id in expected.keys() - found.keys():
            point = expected[id]
            self.note(f"missing: {point.key} chunk {point.chunk}")
        for id in found.keys() - expected.keys():
            point = found[id]
            self.note(f"left over: {point.key} chunk {point.chunk} of version {point.source_version}, "
                      f"revision {point.revision}")
        both = expected.keys() & found.keys()
        for id in both:
            self.compare(expected[id], found[id])
        if self.history:
            self.compare_history({id: found[id] for id in both})
        revisions = {point.revision for point in found.values()}
        if len(revisions) > 1:
            self.note(f"points of several revisions: {sorted(revisions)}")
        return self.differences

    def note(self, difference):
        self.differences.append(difference)

    def compare(self, expected, found):
        where = f"{expected.key} chunk {expected.chunk}"
        for name, left, right in [
                ("key", expected.key, found.key), ("chunk", expected.chunk, found.chunk),
                ("text_sha256", expected.sha256, found.sha256),
                ("payload", expected.payload, found.payload),
                ("text", expected.text if self.spec.get("store_text") else None, found.text),
                ("model", self.spec.get("model", found.model), found.model)]:
            if left != right:
                self.note(f"{where}: {name} is {right!r}, must be {left!r}")
        if not 0 <= found.source_version <= self.version:
            self.note(f"{where}: source_version {found.source_version} of {self.version}")
        if not found.run_id or found.revision < 1 or not found.embedded_at.endswith("Z"):
            self.note(f"{where}: run_id, revision or embedded_at is wrong: {found}")
        if self.vectors:
            right = self.vectors(expected.text, len(found.vector))
            if not all(math.isclose(a, b, abs_tol=1e-4) for a, b in zip(right, found.vector)):
                self.note(f"{where}: the vector is that of another text")

    def compare_history(self, found):
        """At the version a point names, its row must have looked as the point does."""
        by_version = collections.defaultdict(dict)
        for id, point in found.items():
            by_version[point.source_version][id] = point
        for version, points in by_version.items():
            try:
                then = expected_points(load(self.table, version, self.storage), self.spec, self.pipeline)
            except Exception:  # vacuumed, or other columns
                continue
            for id, point in points.items():
                if id not in then or then[id].sha256 != point.sha256 or \
                        then[id].payload != point.payload:
                    self.note(f"{point.key} chunk {point.chunk}: not so at version {version}")


def differences(table, sink, pipeline, spec, **options):
    return Comparison(table, sink, pipeline, spec, **options).run()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--table", required=True)
    parser.add_argument("--sink", required=True)
    parser.add_argument("--pipeline", required=True)
    parser.add_argument("--key", default="id")
    text = parser.add_mutually_exclusive_group(required=True)
    text.add_argument("--text-col")
    text.add_argument("--text", help="template: '{title}: {body}'")
    parser.add_argument("--payload", default="")
    parser.add_argument("--not-null", default="", help="columns of where: not_null")
    parser.add_argument("--store-text", action="store_true")
    parser.add_argument("--chunking", choices=["none", "sentence", "tokens"], default="none")
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--overlap", type=int, default=0)
    parser.add_argument("--version", type=int, help="of the table; default: the latest")
    parser.add_argument("--dead", action="append", default=[], help="key of a dead letter")
    args = parser.parse_args()
    listed = lambda names: [name for name in names.split(",") if name]
    spec = {"key": listed(args.key), "payload": listed(args.payload), "store_text": args.store_text,
            "where": {"not_null": listed(args.not_null)},
            "chunking": {"type": args.chunking, "size": args.size, "overlap": args.overlap}}
    if args.text:
        spec["text"] = args.text
    else:
        spec["text_columns"] = listed(args.text_col)
    found = differences(args.table, args.sink, args.pipeline, spec, version=args.version, dead=args.dead)
    for line in found[:SHOWN]:
        print(line)
    if len(found) > SHOWN:
        print(f"and {len(found) - SHOWN} more")
    print("the index is true to the table" if not found else f"{len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # threads of the libraries may abort a Python that ends
