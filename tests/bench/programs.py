"""The benchmark programs in C++ of this folder, each in its own words."""
import subprocess
import sys

from harness import ROOT

TOOLS = ROOT / "build" / "release" / "tests"


def output(*args):
    return subprocess.run([str(arg) for arg in args], capture_output=True, text=True, check=True).stdout


def section(title, *texts):
    return f"### {title}\n\n```\n" + "".join(texts).rstrip() + "\n```\n"


def delta_read(folder, quick):
    table = folder / "table"
    rows = 100_000 if quick else 1_000_000
    ours = output(TOOLS / "delta_read", "--rows", rows, "--table", table)
    theirs = output(sys.executable, ROOT / "tests" / "bench" / "delta_read.py", table)
    return section("Reading a Delta table, beside deltalake", ours, theirs)


def ledger(folder, quick):
    rows = 200_000 if quick else 10_000_000
    return section(f"A SQLite ledger of {rows:,} rows",
                   output(TOOLS / "ledger_bench", "--rows", rows, "--url", f"sqlite://{folder}/ledger.db"))
