#!/usr/bin/env python3
"""Reads a table that delta_read made with deltalake, in the same way: its snapshot and its change feed.

    delta_read.py TABLE
"""
import os
import sys
import time

import pyarrow as pa
from deltalake import DeltaTable

from tables import peak_mb


def measure(name, read):
    cpu, begin = time.process_time(), time.perf_counter()
    rows, first = 0, 0.0
    for batch in read():
        first = first or time.perf_counter() - begin
        rows += batch.num_rows
    seconds = time.perf_counter() - begin
    print(f"{name:<28} {rows:>10} rows {seconds:>8.3f} s {rows / seconds:>12.0f} rows/s  "
          f"cpu {time.process_time() - cpu:>6.2f} s  first {first:.3f} s  peak {peak_mb():.0f} MB", flush=True)


def batches(reader):
    yield from pa.RecordBatchReader.from_stream(reader)


def main():
    table = DeltaTable(sys.argv[1])
    feed = ["_change_type", "_commit_version"]
    measure("deltalake changes, keys",
            lambda: batches(table.load_cdf(starting_version=0, columns=["id", *feed])))
    measure("deltalake changes, rows",
            lambda: batches(table.load_cdf(starting_version=0, columns=["id", "shard", "text", *feed])))
    measure("deltalake snapshot, rows",
            lambda: table.to_pyarrow_dataset().scanner(columns=["id", "shard", "text"]).to_batches())


if __name__ == "__main__":
    main()
    os._exit(0)  # its threads may abort at an orderly end, after all has been said
