"""Change feed → shadow vectors → sink: Drift beside a bare C++ loader of the same points and beside a script."""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

from harness import ROOT, servers
from harness.daemon import Daemon

import tables

TOOLS = ROOT / "build" / "release" / "tests"
ROUNDS = 3
PATIENCE = 1800


class Qdrant(servers.Qdrant):
    """With its own defaults: the harness's are for many small collections."""

    def environment(self):
        return {}

    def settle(self):
        """Waits until the merging of segments that a load leaves behind is over."""
        client, until = self.client(), time.monotonic() + PATIENCE
        while any(client.get_collection(found.name).status != "green" for found in client.get_collections().collections):
            assert time.monotonic() < until, "the server does not come to rest"
            time.sleep(0.2)


def script(what, uri, table, *version):
    done = subprocess.run([sys.executable, ROOT / "tests" / "bench" / "script.py", what, uri, str(table),
                           *map(str, version)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def bare(sink, points):
    """Points a second: (insert, update) of the loader that does nothing but load."""
    done = subprocess.run([TOOLS / "sink_write", "--points", str(points), "--rounds", "1", "--only", sink],
                          capture_output=True, text=True, check=True, cwd=ROOT)
    found = dict(re.findall(r"(insert|update).*?bare\s+(\d+)/s", done.stdout))
    return float(found["insert"]), float(found["update"])


def timed(daemon, *args):
    began = time.perf_counter()
    run = daemon.ctl_json(*args, patience=PATIENCE)
    return run, time.perf_counter() - began


def drift(folder, table, uri, changes, settle):
    """One daemon: the whole table, then the changes, then a look that finds nothing."""
    daemon = Daemon(folder).start()
    try:
        flags = ["--table", table, "--text-col", "body", "--payload", "category,views", "--model", "shadow/1536",
                 "--sink", uri]
        full, full_seconds = timed(daemon, "run", "embed", *flags)
        count = tables.change(table, changes)
        settle()
        changed, change_seconds = timed(daemon, "run", "watch", *flags)
        _, idle_seconds = timed(daemon, "run", "watch", *flags)
        seen = sum(int(changed[f"rows_{op}"]) for op in ("inserted", "updated", "deleted"))
        assert seen == count, (seen, count)
        return {"full": int(full["rows_inserted"]) / full_seconds, "changes": count / change_seconds,
                "idle ms": idle_seconds * 1000, "MB": tables.peak_mb(daemon.pid)}
    finally:
        daemon.close()


def by_script(folder, table, uri, changes, settle):
    full = script("full", uri, table)
    tables.change(table, changes)
    settle()
    later = script("changes", uri, table, 1)
    return {"full": full["rows"] / full["seconds"], "changes": later["rows"] / later["seconds"],
            "MB": max(full["peak_mb"], later["peak_mb"])}


def place(kind, folder, options):
    """A server of its own, and the address of a collection there."""
    if kind == "sqlite":
        return None, f"sqlite://{folder}/index.db?collection=docs"
    if kind == "pgvector":
        server = servers.Postgres(folder / "server")
        return server, "&".join([f"{server.dsn('postgres')}?table=docs", *options])
    server = Qdrant(folder / "server")
    return server, "?".join([f"qdrant://127.0.0.1:{server.port}/docs", *options])


def one(who, kind, folder, size, changes, *options):
    folder.mkdir()
    os.chmod(folder, 0o755)
    table = folder / "table"
    tables.create(table, size)
    server, uri = place(kind, folder, options)
    try:
        return who(folder / "work", table, uri, changes, getattr(server, "settle", lambda: None))
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder)


def one_sink(kind, folder, size, changes):
    """The median of some rounds; a ratio is that of two figures of one round, a minute apart at most."""
    rounds = []
    for _ in range(ROUNDS):
        bare_full, _ = bare(kind, size)
        ours = one(drift, kind, folder / "drift", size, changes, "index=none")
        theirs = one(by_script, kind, folder / "script", size, changes)
        rounds.append({
            **ours, "bare": bare_full, "script full": theirs["full"], "script changes": theirs["changes"],
            "script MB": theirs["MB"], "of bare": 100 * ours["full"] / bare_full,
            "of script": ours["full"] / theirs["full"], "changes of script": ours["changes"] / theirs["changes"]})
    return {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}


def run(folder, quick):
    size, changes = (5_000, 1_100) if quick else (50_000, 11_000)
    lines = []
    for kind in ("sqlite", "pgvector", "qdrant"):
        m = one_sink(kind, folder, size, changes)
        lines.append([
            kind, f"{m['full']:,.0f}", f"{m['bare']:,.0f}", f"{m['of bare']:.0f} %",
            f"{m['script full']:,.0f}", f"{m['of script']:.1f}×",
            f"{m['changes']:,.0f}", f"{m['script changes']:,.0f}", f"{m['changes of script']:.1f}×",
            f"{m['idle ms']:.0f} ms", f"{m['MB']:.0f} MB", f"{m['script MB']:.0f} MB"])
    return tables.markdown(
        f"Change feed → shadow vectors → sink: {size:,} rows × 1536, then {changes:,} changes",
        ["sink", "full, rows/s", "bare loader", "of bare", "script", "of script", "changes, rows/s", "script",
         "of script", "nothing new", "driftd peak", "script peak"], lines,
        f"Medians of {ROUNDS} rounds. Times are those of `driftctl run …` from its start to its end, reading and ledger included; "
        "nobody builds a vector index (`index=none`). The changes begin, for Drift and for the script, when Qdrant has "
        "merged the segments of the load. The bare loader (tests/bench/sink_write.cc) writes ready points and "
        "does nothing else. The script "
        "(tests/bench/script.py) has no ledger, no guard, no provenance.")
