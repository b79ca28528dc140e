"""The tour of README.md, typed as it stands there; what is answered must be what it shows."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import deltalake
import pyarrow as pa
import pytest

from harness import BIN, ROOT
from harness.processes import PATIENCE, free_port, spawn, stop, wait_for

MODEL = pathlib.Path(os.environ["DRIFT_MODELS_DIR"]) / "wordllama-256"
pytestmark = pytest.mark.skipif(not MODEL.exists(), reason="no model here; run make models")

# What differs from run to run, and what the progress shows by chance.
VARIES = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f-]{21}", "UUID"), (r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b", "RUN"),
    (r"articles-[0-9a-f]{8}", "articles-NAME"), (r"/\S+/tour\b", "~/tour"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "TIME"), (r"\d+ (s|min) ago", "AGO"), (r"\(\d+ s\)", "(LAG)"),
    (r"\d+\.\d s\b", "TOOK"), (r"^articles-NAME(  embedding.*)?\n", ""), (r" +", " "),
]


def settled(text):
    for pattern, word in VARIES:
        text = re.sub(pattern, word, text, flags=re.M)
    return text.strip()


def steps():
    """(command, answer) of every command of the tour."""
    text = (ROOT / "README.md").read_text()
    tour = text[text.index("## Five minutes by hand"):text.index("## How it compares")]
    for block in re.findall(r"^```\n(.*?)^```", tour, re.M | re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            end = re.match(r"(.*?<<'END'\n.*?^END\n|(?:[^\n]*\\\n)*[^\n]*\n)", part, re.M | re.S).end()
            yield part[:end].rstrip("\n"), part[end:]


class Tourist:
    """Types commands: in a home and a folder of their own, with ports of their own."""

    def __init__(self, home, qdrant):
        self.folder = home / "tour"
        self.qdrant = qdrant
        self.daemon = None
        self.name = None
        self.address = f"127.0.0.1:{free_port()}"
        mine = {"XDG_STATE_HOME", "XDG_DATA_HOME", "DRIFT_CONFIG", "DRIFT_LEDGER_URL", "DRIFT_FAILPOINT"}
        self.env = {name: value for name, value in os.environ.items() if name not in mine}
        self.env |= {"HOME": str(home), "PATH": f"{BIN}:{os.environ['PATH']}", "DRIFT_SERVER": self.address,
                     "DRIFT_GRPC_LISTEN": self.address, "DRIFT_HTTP_LISTEN": "127.0.0.1:0"}
        self.typed = []

    def run(self, command):
        command = command.replace("127.0.0.1:6334", f"127.0.0.1:{self.qdrant}")
        if self.name:  # the README's is that of another folder
            command = re.sub(r"articles-[0-9a-f]{8}", self.name, command)
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.env,
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.name = self.name or next(iter(re.findall(r"articles-[0-9a-f]{8}", done.stderr)), None)
        return done.stderr + done.stdout

    def start_daemon(self, arguments):
        self.daemon = spawn(["driftd", *arguments], log=self.folder / "driftd.log", env=self.env, cwd=self.folder)
        wait_for(lambda: "no daemon" not in self.run("driftctl status"), "the daemon")

    def stop_daemon(self):
        if self.daemon:
            assert stop(self.daemon, signal.SIGTERM) == 0
            self.daemon = None

    def append_a_row(self):
        row = {"id": ["KB-6"], "title": ["Gift cards"], "body": ["A gift card never expires."], "topic": ["orders"]}
        deltalake.write_deltalake(str(self.folder / "articles"), pa.table(row), mode="append")

    def type(self, command, expected):
        self.typed.append(command)
        if command.startswith(("export PATH", "mkdir ", "python3 -m venv")):
            return  # these were prepared
        if command == "kill %1":
            return self.stop_daemon()
        if daemon := re.fullmatch(r"driftd (.*)2>driftd.log &", command):
            return self.start_daemon(daemon.group(1).split())
        if command == "driftctl run list":
            self.append_a_row()
        if "modle" in expected:
            self.run("sed -i 's/model: /modle: /' driftd.yaml")
        answer = settled(self.run(command))
        if command in ("driftctl status", "driftctl run list"):  # what happens by itself takes a while
            deadline = time.monotonic() + PATIENCE
            while answer != settled(expected) and time.monotonic() < deadline:
                time.sleep(0.1)
                answer = settled(self.run(command))
        assert answer == settled(expected), command


def test_the_tour(tmp_path, all_servers):
    tourist = Tourist(tmp_path, all_servers.qdrant.port)
    (tourist.folder / "venv" / "bin").mkdir(parents=True)
    python = tourist.folder / "venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    try:
        for command, expected in steps():
            tourist.type(command, expected)
    finally:
        tourist.stop_daemon()
    assert len(tourist.typed) > 20
