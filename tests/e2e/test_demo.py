"""make demo, as a newcomer sees it; on made-up rows, so that nothing is fetched."""

import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest

from harness import BIN, ROOT
from harness.processes import wait_for

PAGE = 60  # lines
MODEL = pathlib.Path(os.environ["DRIFT_MODELS_DIR"]) / "wordllama-256"
pytestmark = pytest.mark.skipif(not MODEL.exists(), reason="no model here; run make models")


class Demo:
    """Runs the demo in a home of its own and stops every daemon it leaves behind."""

    def __init__(self, folder):
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self.pids = []

    def run(self, bin_dir=BIN):
        environment = {
            **os.environ,
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "DRIFT_BIN_DIR": str(bin_dir),
            "DRIFT_DEMO_DIR": str(self.folder / "demos"),
            "DRIFT_CACHE": str(self.folder / "cache"),  # no corpus there,
            "PATH": str(self.folder / "nothing"),  # and no apt-get to bring one
            "DRIFT_SERVER": "127.0.0.1:1",  # of another daemon: not for the demo
        }
        done = subprocess.run([sys.executable, ROOT / "tools" / "demo" / "demo.py"], env=environment,
                              capture_output=True, text=True, timeout=120, check=False)
        for log in self.folder.glob("demos/*/ready.json"):
            pid = int(re.search(r'"pid":(\d+)', log.read_text()).group(1))
            if pid not in self.pids:
                self.pids.append(pid)
        return done

    def is_running(self, pid):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        # A zombie that nobody has waited for is gone all the same.
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"

    def stop(self):
        for pid in self.pids:
            if self.is_running(pid):
                os.kill(pid, signal.SIGTERM)
                wait_for(lambda pid=pid: not self.is_running(pid), "the demo's daemon to stop")


@pytest.fixture
def demo(tmp_path):
    made = Demo(tmp_path)
    yield made
    made.stop()


def test_shows_the_whole_story_and_leaves_a_daemon(demo):
    done = demo.run()
    shown = done.stdout
    assert done.returncode == 0, shown + done.stderr
    assert len(shown.splitlines()) + len(done.stderr.splitlines()) <= PAGE
    assert "made-up rows are used" in shown
    assert re.search(r"rows to embed +2,400 +tokens +[\d,]+ \(exact\)", shown), "the plan"
    assert re.search(r"done in .*: 2,400 rows, .* 2,400 points written, 0 dead letters", shown)
    assert "versions 1–3: 1 updated, 1 deleted, 1 inserted" in shown
    assert len(re.findall(r'^  \d\.\d\d  \["made-up-\d+"\]', shown, re.M)) >= 5, "two searches"
    assert re.search(r'\["made-up-\d+"\]  LIVE\n  point ', shown), "provenance of a hit"
    assert re.search(r'\["made-up-\d+"\]  DELETED at version 2, by run \w+', shown)
    assert re.search(r"^MODEL +RUNS .*\nlocal/wordllama-256 +2 ", shown, re.M), "the cost table"
    (pid,) = demo.pids
    assert f"Stop it with: kill {pid}\n" in shown
    assert demo.is_running(pid)

    export, *commands = [line.strip() for line in shown.splitlines() if line.startswith("  export DRIFT") or
                         line.startswith("  driftctl")]
    assert len(commands) == 3
    answers = [subprocess.run(["bash", "-c", f"{export}; {command}"], capture_output=True, text=True,
                              check=True, timeout=60).stdout for command in commands]
    assert re.search(r"IDLE +3 +0 +2,400 ", answers[0])
    assert "0 texts embedded, 0 reused, 0 points written" in answers[2], "embedding twice costs nothing"


def test_each_demo_is_on_its_own(demo):
    assert demo.run().returncode == 0
    second = demo.run()
    assert second.returncode == 0, second.stdout + second.stderr
    first_pid, second_pid = demo.pids
    assert demo.is_running(first_pid) and demo.is_running(second_pid)
    assert second.stdout.endswith(f"Stop them with: kill {first_pid}\n")
    assert len(list(demo.folder.glob("demos/*/index.db"))) == 2
    assert not list(demo.home.iterdir()), "a user's own state is not touched"


def test_a_demo_that_breaks_stops_its_daemon(demo):
    broken = demo.folder / "bin"
    broken.mkdir()
    (broken / "driftd").symlink_to(BIN / "driftd")
    (broken / "driftctl").write_text("#!/bin/sh\nexit 1\n")
    (broken / "driftctl").chmod(0o755)
    done = demo.run(bin_dir=broken)
    assert done.returncode == 1
    assert "driftctl plan" in done.stderr and "ended with 1" in done.stderr
    (pid,) = demo.pids
    wait_for(lambda: not demo.is_running(pid), "the daemon to stop")
