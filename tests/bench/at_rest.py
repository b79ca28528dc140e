"""What the daemon costs when it does little: idle pipelines; and how its memory grows with the table."""
import os
import time

from harness.daemon import Daemon

import tables


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle(folder, quick):
    count, seconds = (20, 35) if quick else (200, 120)
    pipelines = []
    for i in range(count):
        table = folder / f"table{i}"
        tables.create(table, 10)
        pipelines.append({"name": f"p{i}", "source": {"type": "delta", "table": str(table)}, "key": ["id"],
                          "text_columns": ["body"], "model": "shadow/64",
                          "sink": f"sqlite://{folder}/index.db?collection=p{i}", "schedule": {"every_secs": 30}})
    daemon = Daemon(folder / "drift", config={"pipelines": pipelines}).start()
    try:
        while not all(int(p["version"]) >= 0 for p in daemon.ctl_json("status")["pipelines"]):
            time.sleep(1)
        time.sleep(30)
        polls = "drift_poll_seconds_count"
        before, polled = cpu_seconds(daemon.pid), daemon.metrics()[polls]
        time.sleep(seconds)
        used, polled = cpu_seconds(daemon.pid) - before, daemon.metrics()[polls] - polled
        return tables.markdown(
            f"{count} idle pipelines, each asked every 30 s, for {seconds} s",
            ["polls", "CPU of one core", "CPU a poll", "memory, peak"],
            [[f"{polled:.0f}", f"{100 * used / seconds:.2f} %", f"{1000 * used / max(polled, 1):.2f} ms",
              f"{tables.peak_mb(daemon.pid):.0f} MB"]])
    finally:
        daemon.close()


def memory(folder, quick):
    sizes = (10_000, 100_000) if quick else (100_000, 1_000_000)
    lines, peaks = [], []
    for size in sizes:
        table = folder / f"table{size}"
        tables.create(table, size)
        daemon = Daemon(folder / f"drift{size}").start()
        try:
            flags = ["--table", table, "--text-col", "body", "--model", "shadow/256",
                     "--sink", f"sqlite://{folder}/index{size}.db?collection=docs"]
            began = time.perf_counter()
            daemon.ctl_json("run", "embed", *flags, patience=3600)
            rate = size / (time.perf_counter() - began)
            tables.change(table, size // 10)
            daemon.ctl_json("run", "watch", *flags, patience=3600)
            peaks.append(tables.peak_mb(daemon.pid))
            lines.append([f"{size:,}", f"{peaks[-1]:.0f} MB", f"{rate:,.0f}"])
        finally:
            daemon.close()
    lines[-1][1] += f" ({peaks[1] / peaks[0]:.2f}×)"
    return tables.markdown("Memory by size of the table: whole, then a tenth of it changed",
                           ["rows", "driftd, peak", "rows/s"], lines)
