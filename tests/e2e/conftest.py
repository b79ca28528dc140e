"""Fixtures: servers live as long as a test file, everything else as long as a test."""

import functools
import os
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import indexes, servers  # noqa: E402
from harness.world import World  # noqa: E402


def pytest_sessionfinish(session, exitstatus):
    session.config.verdict = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """Threads of the table and sink libraries abort a Python that ends, now and then: after the verdict."""
    sys.stdout.flush()
    sys.stderr.flush()
    if hasattr(config, "verdict"):
        os._exit(config.verdict)


class Servers:
    """Each is started when it is first asked for."""

    def __init__(self, folder):
        self.folder = folder
        self.started = []

    def _start(self, kind, name):
        server = kind(self.folder / name)
        self.started.append(server)
        return server

    @functools.cached_property
    def postgres(self):
        return self._start(servers.Postgres, "postgres")

    @functools.cached_property
    def qdrant(self):
        return self._start(servers.Qdrant, "qdrant")

    @functools.cached_property
    def s3(self):
        try:
            return self._start(servers.S3, "s3")
        except FileNotFoundError as error:
            pytest.skip(str(error))

    @functools.cached_property
    def provider(self):
        return self._start(servers.Provider, "provider")

    def stop(self):
        for server in self.started:
            server.stop()


@pytest.fixture(scope="session")
def all_servers():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="drift-e2e-"))
    folder.chmod(0o755)  # PostgreSQL is not root
    made = Servers(folder)
    yield made
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def world(tmp_path, all_servers):
    made = World(tmp_path, all_servers.provider, all_servers)
    yield made
    made.close()


@pytest.fixture(params=indexes.KINDS)
def index(request, world):
    """The test runs once for each kind of sink."""
    made = world.index(request.param)
    yield made
    world.close()
    made.drop()
