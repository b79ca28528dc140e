"""driftd and driftctl, the real ones."""

import json
import os
import pathlib
import signal
import subprocess
import urllib.request

from harness import BIN
from harness.api import Api, numbers
from harness.processes import PATIENCE, spawn, wait_for

KILLED = -signal.SIGKILL


class Answer:
    """What a command said."""

    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        return numbers(json.loads(self.out))

    def __repr__(self):
        return f"exit {self.code}\n{self.out}{self.err}"


class Daemon:
    """One daemon's folder: state, configuration, log. Started and killed as often as one likes."""

    def __init__(self, folder, config=None, env=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log_path = self.folder / "driftd.log"
        self.ready_path = self.folder / "ready.json"
        self.config_path = self.folder / "driftd.yaml" if config is not None else None
        self.env = {
            "XDG_STATE_HOME": str(self.folder / "state"), "TMPDIR": str(self.folder),
            "DRIFT_GRPC_LISTEN": "127.0.0.1:0", "DRIFT_HTTP_LISTEN": "127.0.0.1:0",
            **(env or {}),
        }
        self.process = None
        self._api = None
        if config is not None:
            self.configure(config)

    # -- configuration

    def configure(self, config):
        """JSON is YAML."""
        self.config_path.write_text(json.dumps(config, indent=1))

    # -- life

    def start(self, failpoint=None, env=None, wait=True):
        self.ready_path.unlink(missing_ok=True)
        more = {"DRIFT_FAILPOINT": failpoint} if failpoint else {}
        for name in ("DRIFT_CONFIG", "DRIFT_LEDGER_URL", "DRIFT_SERVER", "DRIFT_FAILPOINT"):
            os.environ.pop(name, None)
        args = [BIN / "driftd", "--ready-file", self.ready_path]
        if self.config_path:
            args += ["--config", self.config_path]
        self.process = spawn(args, log=self.log_path, env={**self.env, **more, **(env or {})},
                             cwd=self.folder)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        def look():
            if self.process.poll() is not None:
                raise ChildProcessError(f"driftd ended with {self.process.returncode}:\n{self.log()[-4000:]}")
            return self.ready_path.exists()
        wait_for(look, "driftd to be ready")
        ready = json.loads(self.ready_path.read_text())
        self.grpc, self.http, self.pid = ready["grpc"], ready["http"], ready["pid"]

    def is_up(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.process.kill()
        return self.await_exit()

    def stop(self):
        """Stops it softly; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.await_exit()

    def signal(self, number):
        self.process.send_signal(number)

    def await_exit(self, patience=PATIENCE):
        try:
            code = self.process.wait(patience)
        finally:
            self._hang_up()
        return code

    def _hang_up(self):
        if self._api:
            self._api.close()
            self._api = None

    def close(self):
        """At the end of a test, whatever state it left."""
        if self.is_up():
            self.kill()
        self._hang_up()

    # -- talking to it

    @property
    def api(self):
        if self._api is None:
            self._api = Api(self.grpc)
        return self._api

    def ctl(self, *args, code=0, stdin=None, patience=180):
        """Runs driftctl; `code`: the exit code it must have, or None."""
        env = {**os.environ, "DRIFT_SERVER": getattr(self, "grpc", "127.0.0.1:1"), **self.env}
        env.pop("DRIFT_FAILPOINT", None)
        done = subprocess.run([BIN / "driftctl", *map(str, args)], capture_output=True, text=True,
                              check=False, cwd=self.folder, env=env, input=stdin, timeout=patience)
        answer = Answer(done)
        assert code is None or answer.code == code, f"driftctl {' '.join(map(str, args))}: {answer}\n" \
                                                    f"log:\n{self.log()[-3000:]}"
        return answer

    def ctl_json(self, *args, code=0, patience=180):
        return self.ctl(*args, "-o", "json", code=code, patience=patience).json

    def log(self):
        return self.log_path.read_text() if self.log_path.exists() else ""

    def get(self, path):
        """(status, body) of the HTTP listener."""
        try:
            with urllib.request.urlopen(f"http://{self.http}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metrics(self):
        """{'name{label="value"}': number}."""
        out = {}
        for line in self.get("/metrics")[1].splitlines():
            if not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                out[name] = float(value)
        return out
