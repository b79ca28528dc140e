#!/usr/bin/env python3
"""make demo: a real table of readable rows, embedded, changed, caught up and searched.

Everything lies in a new folder under build/demo; a user's own daemon and state are not touched. The
daemon that is started here goes on running until it is stopped by the line printed at the end.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import deltalake
import pyarrow as pa

import corpus

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("DRIFT_BIN_DIR", ROOT / "build" / "bin"))
DEMOS = pathlib.Path(os.environ.get("DRIFT_DEMO_DIR", ROOT / "build" / "demo"))
MODEL = "local/wordllama-256"
# What is searched for, and what a row says after its update: of real rows, and of made-up ones.
REAL = ("play chess", "Plays chess on the command line, against a person or another program.")
MADE_UP = ("track a delivery", "Where a parcel is now, and when it will be at the door.")


def say(text: str = "") -> None:
    print(text, flush=True)


def step(text: str) -> None:
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    say(f"\n{bold}{text}{plain}")


def new_folder() -> pathlib.Path:
    """A folder of its own for each demo, named by the time."""
    name = time.strftime("%Y%m%d-%H%M%S")
    for suffix in ("", *(f"-{n}" for n in range(2, 100))):
        folder = DEMOS / (name + suffix)
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    sys.exit(f"no new folder could be made in {DEMOS}")


def running_daemons() -> list[int]:
    """Process ids of daemons that earlier demos left running."""
    pids = []
    for ready in DEMOS.glob("*/ready.json"):
        try:
            pid = json.loads(ready.read_text(encoding="utf-8"))["pid"]
            # Another process may have the number by now.
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        except (OSError, ValueError, KeyError):
            continue
        if str(ready) in command:
            pids.append(pid)
    return pids


class Demo:
    def __init__(self) -> None:
        self.earlier = running_daemons()
        self.folder = new_folder()
        self.table = self.folder / "packages"
        self.log = self.folder / "driftd.log"
        self.server = ""
        self.pid = 0
        self.name = ""
        self.question, self.new_text = REAL

    # -- the daemon ---------------------------------------------------------------------------------

    def start_daemon(self) -> None:
        ready = self.folder / "ready.json"
        environment = {
            **os.environ,
            "XDG_STATE_HOME": str(self.folder / "state"),
            "DRIFT_GRPC_LISTEN": "127.0.0.1:0",
            "DRIFT_HTTP_LISTEN": "127.0.0.1:0",
        }
        for name in ("DRIFT_CONFIG", "DRIFT_LEDGER_URL", "DRIFT_SERVER"):
            environment.pop(name, None)
        with open(self.log, "w", encoding="utf-8") as log:
            daemon = subprocess.Popen(
                [BIN / "driftd", "--ready-file", ready],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, cwd=self.folder,
            )
        deadline = time.monotonic() + 60
        while not ready.exists():
            if daemon.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"driftd did not start:\n{self.log.read_text(encoding='utf-8')}")
            time.sleep(0.02)
        addresses = json.loads(ready.read_text(encoding="utf-8"))
        self.pid, self.server = addresses["pid"], addresses["grpc"]

    def driftctl(self, *arguments: str, show: str = "") -> str:
        """Runs driftctl; prints the command as a person would type it, and what it answers."""
        if show:
            say(f"$ driftctl {show}")
        done = subprocess.run(
            [BIN / "driftctl", *arguments], capture_output=not show, text=True, check=False,
            cwd=self.folder, env={**os.environ, "DRIFT_SERVER": self.server},
        )
        if done.returncode != 0:
            sys.exit(f"driftctl {' '.join(arguments)} ended with {done.returncode}\n{done.stderr or ''}")
        return done.stdout or ""

    # -- the table ----------------------------------------------------------------------------------

    def write_table(self) -> int:
        rows, real = corpus.load(os.environ["DRIFT_CACHE"])
        if not real:
            say("Debian's package descriptions cannot be had here; made-up rows are used.")
            self.question, self.new_text = MADE_UP
        columns = ("id", "summary", "body", "section")
        deltalake.write_deltalake(
            str(self.table), pa.table({c: [row[c] for row in rows] for c in columns}),
            configuration={"delta.enableChangeDataFeed": "true"},
        )
        return len(rows)

    def change_table(self, hit: str, gone: str) -> None:
        deltalake.DeltaTable(str(self.table)).update(
            predicate=f"id = '{hit}'",
            updates={"body": f"'{self.new_text}'"},
        )
        deltalake.DeltaTable(str(self.table)).delete(f"id = '{gone}'")
        new = {
            "id": ["drift-demo"], "summary": ["keeps vector indexes true to their tables"],
            "body": ["Embeds the rows of a table that changed and writes their vectors."],
            "section": ["database"],
        }
        deltalake.write_deltalake(str(self.table), pa.table(new), mode="append")

    # -- the story ----------------------------------------------------------------------------------

    def search(self, text: str, hits: int = 3) -> list[dict]:
        answer = self.driftctl("search", "--pipeline", self.name, text, "-k", str(hits), "-o", "json")
        return json.loads(answer)["hits"]

    def run(self) -> None:
        rows = self.write_table()
        self.start_daemon()
        try:
            self.show(rows)
        except BaseException:
            os.kill(self.pid, signal.SIGTERM)  # a demo that broke leaves nothing behind
            raise
        self.say_what_next()

    def show(self, rows: int) -> None:
        flags = ["--table", "packages", "--text-col", "summary,body", "--payload", "section,summary",
                 "--model", MODEL, "--sink", f"sqlite://{self.folder}/index.db?collection=packages"]

        step(f"1. A Delta table of {rows:,} texts: what would embedding it do, and cost?")
        self.driftctl("plan", *flags, show="plan --table packages --text-col summary,body "
                      f"--payload section,summary \\\n    --model {MODEL} "
                      "--sink 'sqlite://…/index.db?collection=packages'")
        step("2. Embed it.")
        self.driftctl("run", "embed", *flags, show="run embed …")
        self.name = json.loads(self.driftctl("pipeline", "list", "-o", "json"))["pipelines"][0]["spec"]["name"]
        self.show_search()

        hits = [json.loads(hit["key"])[0] for hit in self.search(self.question)]
        changed, gone = hits[1], hits[2]
        step(f"3. The table changes: {changed} gets another text, {gone} is deleted, drift-demo is new.")
        self.change_table(changed, gone)
        self.driftctl("run", "watch", "--pipeline", self.name, show=f"run watch --pipeline {self.name}")
        self.show_search()

        step("4. Where did that come from, and is the deleted row gone?")
        for key in (changed, gone):
            self.driftctl("provenance", "--pipeline", self.name, "--key", key,
                          show=f"provenance --pipeline {self.name} --key {key}")
        step("5. What it cost.")
        self.driftctl("cost", show="cost")

    def show_search(self) -> None:
        self.driftctl("search", "--pipeline", self.name, self.question, "-k", "3",
                      show=f'search --pipeline {self.name} "{self.question}" -k 3')

    def say_what_next(self) -> None:
        step("Try next:")
        say(f"  export DRIFT_SERVER={self.server} PATH={BIN}:$PATH")
        say("  driftctl status")
        say(f'  driftctl search --pipeline {self.name} "play music" --filter section=sound')
        say(f"  driftctl run embed --pipeline {self.name}        # a second time costs and writes nothing")
        say(f"\nThe daemon goes on (pid {self.pid}, log {self.log}).\nStop it with: kill {self.pid}")
        if self.earlier:
            pids = " ".join(str(pid) for pid in self.earlier)
            say(f"Daemons of earlier demos go on too. Stop them with: kill {pids}")


if __name__ == "__main__":
    try:
        Demo().run()
    except KeyboardInterrupt:
        sys.exit(130)
    sys.stdout.flush()
    os._exit(0)  # threads of the table library may abort a Python that ends
