#!/usr/bin/env python3
"""What `make bench` runs: every table of docs/performance.md, each figure beside a baseline of the same run.

    bench.py [--quick] [--only main,read,idle,memory,ledger,provider] [--record]

--quick: small sizes, to see that it works. --record: replaces those results in docs/performance.md.
The machine should have nothing else to do; what counts are the ratios.
"""
import argparse
import datetime
import os
import pathlib
import platform
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "e2e")]

import at_rest  # noqa: E402
import main_path  # noqa: E402
import programs  # noqa: E402
import provider_pace  # noqa: E402

PARTS = {
    "main": main_path.run,
    "read": programs.delta_read,
    "idle": at_rest.idle,
    "memory": at_rest.memory,
    "ledger": programs.ledger,
    "provider": provider_pace.run,
}
BEGIN, END = "<!-- results: written by make bench -->", "<!-- end of results -->"


def machine():
    model = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1))
    return (f"{os.cpu_count()} cores of {model.group(1) if model else platform.machine()}, "
            f"{memory / 2**20:.0f} GiB, {platform.system()} {platform.release()}, "
            f"{datetime.date.today().isoformat()}")


def record(part, text):
    """Puts the part's section in the place of its last one."""
    page = ROOT / "docs" / "performance.md"
    before, _, rest = page.read_text().partition(BEGIN)
    results, _, after = rest.partition(END)
    sections = dict(re.findall(r"<!-- part: (\w+) -->\n(.*?)(?=<!-- part: |\Z)", results, re.S))
    sections[part] = text
    results = "".join(f"<!-- part: {name} -->\n{sections[name].rstrip()}\n\n" for name in PARTS if name in sections)
    page.write_text(f"{before}{BEGIN}\n{results}{END}{after}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    where = f"{machine()}{', small sizes' if options.quick else ''}"
    for name in options.only.split(","):
        with tempfile.TemporaryDirectory(prefix="drift-bench-") as folder:
            os.chmod(folder, 0o755)  # PostgreSQL runs as another user
            section = f"{PARTS[name](pathlib.Path(folder), options.quick).rstrip()}\n\n{where}\n"
        print(section, flush=True)
        if options.record:
            record(name, section)


if __name__ == "__main__":
    main()
