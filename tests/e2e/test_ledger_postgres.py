"""The ledger in PostgreSQL: what is its own. run.sh with DRIFT_E2E_LEDGER=postgres runs any other file with
such a ledger, too."""

import signal
import subprocess

import pytest

from harness import ledger
from harness.crash import CHUNKED, Money, check_money, start_and_die, text
from harness.daemon import Daemon
from harness.processes import wait_for
from harness.servers import Postgres

ROWS = [(i, f"title {i}", text(f"body {i}", 1 + i % 3), "a") for i in range(40)]


@pytest.fixture
def world(world, all_servers):
    world.ledger = ledger.make(world.folder, all_servers, "postgres")
    world.configure()
    return world


def test_embed_watch_and_tell(world, index):
    table = world.table(ROWS)
    world.declare("docs", table, index)
    world.daemon.start()
    world.watch()
    table.update("id < 5", body="'new ' || id")
    table.delete("id = 7")
    world.watch()
    world.check()
    world.restart()
    assert world.embed()["points_written"] == 0
    states = [r["state"] for r in world.daemon.ctl_json("provenance", "--pipeline", "docs", "--key", "7")["records"]]
    assert states == ["DELETED"]
    check_money(world)
    assert not list(world.daemon.folder.rglob("ledger.db"))


@pytest.mark.parametrize("place", ["ledger-commit-begin", "ledger-commit-rows", "ledger-commit-end", "ledger-committed",
                                   "batch-staged", "batch-written", "window-committed"])
def test_crash(world, place):
    index = world.index()
    table = world.table(ROWS)
    world.declare("docs", table, index, **CHUNKED)
    start_and_die(world, place, lambda daemon: daemon.api.watch("docs"))
    table.update("id < 5", body="'short'")
    table.delete("id = 7")
    start_and_die(world, place, lambda daemon: daemon.api.watch("docs"))
    money = Money(world, index)
    world.daemon.start()
    world.watch()
    world.check()
    money.check(crashes=2)


def test_second_daemon(world):
    world.declare("docs", world.table(ROWS), world.index())
    world.daemon.start()
    other = Daemon(world.folder / "other", world.config(), {**world.daemon.env})
    world.daemons.append(other)
    other.start(wait=False)
    assert other.await_exit() == 73
    said = other.log().strip()
    assert said.count("\n") == 0 and str(world.daemon.pid) in said, said
    world.watch()
    world.daemon.kill()
    # The server notices by itself that the first one is gone.
    wait_for(lambda: other.start(wait=False) and try_ready(other), "the second daemon to take over")
    other.api.watch("docs")
    world.check()


def try_ready(daemon):
    try:
        daemon.wait_ready()
        return True
    except ChildProcessError:
        return False


@pytest.fixture
def server(tmp_path_factory):
    """One that a test may kill."""
    folder = tmp_path_factory.mktemp("own")
    subprocess.run(["chmod", "-R", "755", folder.parent.parent], check=True)
    made = Postgres(folder)
    yield made
    made.stop()


def test_server_that_crashes(world, server):
    """Its database goes away in the middle of a run; when it is back the run goes on."""
    world.ledger.url = f"{server.dsn('postgres')}?schema=mine"
    world.provider.settings(latency={"ms": 100})
    world.declare("docs", world.table(ROWS), world.index(), limits={"batch_size": 4})
    world.daemon.start()
    run = world.daemon.api.start("WATCH", "docs")
    wait_for(lambda: world.provider.paid(), "the first request")
    server.process.send_signal(signal.SIGQUIT)
    server.process.wait()
    assert world.daemon.get("/readyz")[0] == 503
    server.start()
    wait_for(lambda: world.daemon.get("/readyz")[0] == 200, "the daemon to find its ledger again")
    ended = world.daemon.api.wait(run["id"])
    assert ended["state"] == "SUCCEEDED", ended
    world.check()
    assert set(world.paid().values()) == {1}


def test_newer_schema(world, all_servers):
    world.daemon.start()
    world.daemon.stop()
    all_servers.postgres.execute(f"UPDATE {world.ledger.schema}.drift_ledger SET schema_version = 1000")
    world.daemon.start(wait=False)
    assert world.daemon.await_exit() == 78
    assert "start a newer driftd" in world.daemon.log()
