"""Child processes that never outlive the test."""

import os
import signal
import socket
import subprocess
import time

from harness import ROOT

PATIENCE = 60  # seconds that anything may take to start or stop on a busy machine


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(condition, what, patience=PATIENCE, every=0.01):
    """Returns the first true value of condition()."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {patience} s for {what}")
        time.sleep(every)


def spawn(args, *, log, env=None, cwd=ROOT):
    """A child that dies with this process. Nothing of Python's runs between fork and exec: other threads
    (gRPC's, for one) would not survive it."""
    environment = {**os.environ, **(env or {})}
    command = ["setpriv", "--pdeathsig", "KILL", *map(str, args)]
    with open(log, "ab") as out:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment,
                                cwd=cwd)


def is_listening(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def stop(process, how=signal.SIGTERM):
    if process.poll() is not None:
        return process.returncode
    process.send_signal(how)
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
