"""What Drift needs is away, full, or answers nonsense: it says so in words, and loses nothing."""

import os
import signal
import subprocess

import pytest

from harness import servers
from harness.processes import free_port, wait_for

ROWS = [(i, f"title {i}", f"body {i}", "a") for i in range(20)]


@pytest.fixture
def table(world):
    made = world.table(ROWS)
    world.declare("docs", made, world.index())
    world.daemon.start()
    return made


def error_of(status, message, code=None, kind="invalid_request_error"):
    return {"kind": "status", "status": status, "times": -1,
            "body": {"error": {"message": message, "type": kind, "param": None, "code": code}}}


@pytest.mark.parametrize("fault, reason, words, remedy", [
    (error_of(401, "Incorrect API key provided", "invalid_api_key"), "UNAUTHENTICATED", ["401"],
     "check the key of provider 'openai' (env:OPENAI_API_KEY), then: driftctl pipeline resume docs"),
    (error_of(404, "The model does not exist", "model_not_found"), "MODEL_NOT_FOUND", ["e2e-embed"],
     "check the model's name"),
    (error_of(429, "You exceeded your current quota", "insufficient_quota", "insufficient_quota"),
     "QUOTA_EXHAUSTED", ["quota"], "provider 'openai', then: driftctl pipeline resume docs"),
    ({"kind": "wrong_count", "times": -1}, "BAD_ANSWER", ["vectors"], "Look at the provider"),
    ({"kind": "nan", "times": -1}, "BAD_ANSWER", ["finite"], "Look at the provider"),
    ({"kind": "wrong_dimension", "times": -1}, "BAD_ANSWER", ["15", "16"], "Look at the provider"),
    ({"kind": "not_json", "times": -1}, "BAD_ANSWER", ["JSON"], "Look at the provider"),
    ({"kind": "zero", "times": -1}, "BAD_ANSWER", ["length 0"], "Look at the provider"),
])
def test_provider_that_answers_wrong(world, table, fault, reason, words, remedy):
    world.provider.fail(fault)
    run = world.watch_pauses(reason, *words, remedy=remedy)
    assert "sk-test" not in world.daemon.log() and "body 1" not in world.daemon.log()
    assert world.indexes["docs"].points() == {}
    failed = world.daemon.ctl("run", "watch", "--pipeline", "docs", code=1)
    assert failed.err.strip().count("\n") == 0 or "error: " in failed.err.strip().splitlines()[-1]
    # What may have been billed is counted, also of failed runs.
    billed = world.provider.bill()["tokens"]
    cost = world.daemon.ctl_json("cost", "--by", "run")["rows"]
    assert sum(row["tokens"] for row in cost) >= billed
    assert run["cost_usd"] * 1000 <= sum(row["tokens"] for row in cost) + 1e-6
    world.provider.fail()
    world.daemon.ctl("pipeline", "resume", "docs")
    world.watch()
    world.check()


@pytest.mark.parametrize("fault", [
    {"kind": "throttle", "times": 2, "wait": 0.1}, {"kind": "trouble", "times": 2}, {"kind": "reset", "times": 2},
    {"kind": "reordered", "times": 1}, {"kind": "wrong_count", "times": 1},
    {"kind": "truncated_json", "times": 1}, {"kind": "reset_mid_body", "times": 1}])
def test_provider_that_recovers(world, table, fault):
    world.provider.fail(fault)
    world.watch()
    world.check()
    assert world.daemon.api.status("docs")["state"] == "IDLE"


def test_no_key_in_the_environment(world, table):
    world.daemon.stop()
    world.daemon.env.pop("OPENAI_API_KEY")
    os.environ.pop("OPENAI_API_KEY", None)
    try:
        world.daemon.start()
    except ChildProcessError as error:
        assert "OPENAI_API_KEY" in str(error)  # said at the start is well too
        return
    run = world.daemon.api.watch("docs")
    assert run["state"] == "FAILED" and "OPENAI_API_KEY" in run["error"], run
    assert "OPENAI_API_KEY" in world.daemon.ctl("status").out


def test_provider_that_is_away(world, table):
    """It waits for it as long as it takes, and says so."""
    world.pipelines.clear()
    world.extra = {"providers": {"openai": {"type": "openai", "api_key": "env:OPENAI_API_KEY",
                                            "base_url": f"http://127.0.0.1:{free_port()}/v1"}}}
    world.declare("away", table, world.index())
    world.restart()
    run = world.daemon.api.start("WATCH", "away")
    status = wait_for(lambda: next((s for s in [world.daemon.api.status("away")] if s["state"] == "BACKING_OFF"),
                                   None), "the run to back off")
    assert status["message"] and world.indexes["away"].points() == {}
    world.daemon.ctl("run", "cancel", run["id"])
    assert world.daemon.api.wait(run["id"])["state"] == "CANCELLED"


@pytest.mark.parametrize("uri, words", [
    ("qdrant://127.0.0.1:{port}/docs", "127.0.0.1:{port}"),
    ("postgresql://drift@127.0.0.1:{port}/postgres?table=docs", "127.0.0.1:{port}"),
    ("sqlite:///proc/no/such/index.db?collection=docs", "/proc/no"),
])
def test_sink_that_is_not_there(world, table, uri, words):
    port = free_port()
    failed = world.daemon.ctl("run", "embed", "--table", table.path, "--text-col", "body", "--model",
                              "shadow/16", "--sink", uri.format(port=port), code=1)
    line = failed.err.strip().splitlines()[-1]
    assert line.startswith("error: ") and words.format(port=port) in line, failed
    assert world.paid() == {}


@pytest.mark.parametrize("index", ["pgvector", "qdrant"], indirect=True)
def test_sink_that_goes_away_for_a_while(world, index, all_servers):
    """A server that stands still while rows are written: nothing paid for is thrown away."""
    table = world.table(ROWS)
    world.declare("docs", table, index)
    world.daemon.start()
    world.watch()
    table.update("id < 10", body="'new ' || id")
    server = all_servers.postgres if index.kind == "pgvector" else all_servers.qdrant
    freeze(server.process.pid, signal.SIGSTOP)
    try:
        run = world.daemon.api.start("WATCH", "docs")
        wait_for(lambda: world.daemon.api.call("RunService", "Get", {"id": run["id"]})["state"] == "RUNNING",
                 "the run to begin")
    finally:
        freeze(server.process.pid, signal.SIGCONT)
    ended = world.daemon.api.wait(run["id"])
    assert ended["state"] == "SUCCEEDED", ended
    world.check()
    assert all(n == 1 for n in world.paid().values())


def freeze(pid, how):
    family = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    for one in [pid, *map(int, family)]:
        try:
            os.kill(one, how)
        except ProcessLookupError:
            pass


@pytest.mark.parametrize("flags, words", [
    ({"--table": "/nowhere"}, ["/nowhere: no Delta table here", "on its machine"]),
    ({"--text-col": "bodi"}, ["no column 'bodi'", "body"]),
    ({"--text-col": "Body"}, ["no column 'Body'; did you mean 'body'? (names are case-sensitive)"]),
    ({"--key": "uuid"}, ["no column 'uuid'"]),
    ({"--payload": "colour"}, ["no column 'colour'"]),
    ({"--model": "opanai/x"}, ["unknown provider 'opanai'"]),
    ({"--model": "openai/nonesuch"}, ["nonesuch"]),
    ({"--sink": "qdrant://db:6333/docs"}, ["port 6333 is Qdrant's REST port; gRPC listens on 6334"]),
    ({"--sink": "mongo://x/y"}, ["mongo", "qdrant", "postgresql", "sqlite"]),
    ({"--sink": "sqlite:index.db?collection=c"}, ["absolute path: sqlite:///path"]),
    ({"--sink": "sqlite:///var/x.db?colection=c"}, ["colection", "collection"]),
])
def test_mistakes_in_flags(world, table, flags, words):
    given = {"--table": table.path, "--text-col": "body", "--model": "shadow/16", "--sink": world.index().uri,
             **flags}
    failed = world.daemon.ctl("run", "embed", *[word for pair in given.items() for word in pair], code=None)
    assert failed.code in (1, 2) and failed.out == ""
    assert failed.err.startswith("error: ") and failed.err.count("\n") == 1, failed
    for word in words:
        assert word in failed.err, failed


class TestFullDisk:
    """A file system of a megabyte."""

    @pytest.fixture
    def small(self, world):
        folder = world.folder / "small"
        folder.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False,
                                 capture_output=True)
        if mounted.returncode != 0:
            pytest.skip("only root may mount a small file system")
        yield folder
        world.close()
        subprocess.run(["umount", "-l", folder], check=True)

    def test_under_the_index(self, world, small):
        table = world.table([(i, None, f"body {i} " + "x" * 500, "a") for i in range(3000)])
        index = world.index()
        index.path = small / "index.db"
        index.uri = f"sqlite://{index.path}?collection=docs"
        world.declare("docs", table, index, store_text=True)
        world.daemon.start()
        world.watch_pauses("DISK_FULL", "index.db", remedy="Make room on the disk")
        paid = world.paid()
        subprocess.run(["mount", "-o", "remount,size=64m", small], check=True)
        world.daemon.ctl("pipeline", "resume", "docs")
        world.watch()
        world.check()
        assert len(paid) > 0 and max(world.paid().values()) <= 2

    def test_under_the_ledger(self, world, small):
        table = world.table([(i, None, f"body {i}", "a") for i in range(6000)])
        world.declare("docs", table, world.index())
        world.daemon.env["XDG_STATE_HOME"] = str(small)
        world.daemon.start()
        world.daemon.api.start("WATCH", "docs")
        # The run's end may find no room in the ledger either, so the pipeline is asked.
        status = wait_for(lambda: next((s for s in [world.daemon.api.status("docs")] if s["state"] == "PAUSED"),
                                       None), "the pipeline to pause")
        assert status["reason"] == "DISK_FULL" and "ledger.db" in status["message"], status
        subprocess.run(["mount", "-o", "remount,size=64m", small], check=True)
        world.daemon.ctl("pipeline", "resume", "docs")
        world.watch()
        world.check()


def test_s3(world, all_servers):
    """The table lies in S3; wrong keys and missing tables are told apart."""
    server = all_servers.s3
    storage = {"endpoint": server.endpoint, "region": "us-east-1", "allow_http": True,
               "access_key_id": "env:E2E_S3_KEY", "secret_access_key": "env:E2E_S3_SECRET"}
    options = {"AWS_ENDPOINT_URL": server.endpoint, "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true",
               "AWS_ACCESS_KEY_ID": server.key, "AWS_SECRET_ACCESS_KEY": server.secret,
               "AWS_S3_ALLOW_UNSAFE_RENAME": "true"}
    from harness.tables import Table
    table = Table("s3://lake/docs", rows=ROWS, storage=options)
    index = world.index()
    world.declare("docs", table, index, source={"type": "delta", "table": table.path, "storage": storage})
    world.declare("nothing", table, world.index(),
                  source={"type": "delta", "table": "s3://lake/nothing", "storage": storage})
    world.daemon.env |= {"E2E_S3_KEY": server.key, "E2E_S3_SECRET": server.secret}
    world.daemon.start()
    world.watch()
    world.check(storage=options)
    table.update("id = 1", body="'new'")
    world.watch()
    world.check(storage=options)
    world.watch_pauses("TABLE_NOT_FOUND", "s3://lake/nothing", name="nothing")
    world.daemon.stop()
    world.daemon.env["E2E_S3_SECRET"] = "wrong-secret-of-nobody"
    world.daemon.start()
    run = world.daemon.api.watch("docs")
    assert run["state"] == "FAILED" and "refuses" in run["error"], run
    told = world.daemon.log() + world.daemon.ctl("status").out + str(run)
    assert "wrong-secret" not in told and server.secret not in told
    world.daemon.stop()
    world.daemon.env["E2E_S3_SECRET"] = server.secret
    world.daemon.start()
    world.daemon.ctl("pipeline", "resume", "docs")
    world.watch()


@pytest.mark.parametrize("kind", ["pgvector", "qdrant"])
def test_sink_with_credentials(world, table, tmp_path_factory, kind):
    """Wrong ones are named as such, once, and never shown; right ones come from the environment."""
    folder = tmp_path_factory.mktemp("guarded")
    subprocess.run(["chmod", "755", folder.parent.parent, folder.parent], check=True)
    right, wrong = "r1ght-secret-value", "wr0ng-secret-value"
    server = (servers.GuardedPostgres if kind == "pgvector" else servers.GuardedQdrant)(folder, right)
    try:
        world.declare("guarded", table, world.index())
        world.spec("guarded")["sink"] = server.uri
        world.configure()
        world.daemon.env["SINK_SECRET"] = wrong
        world.restart()
        run = world.watch_pauses("UNAUTHENTICATED", f"127.0.0.1:{server.port}", name="guarded",
                                 remedy="driftctl pipeline resume guarded")
        assert world.paid() == {}
        world.daemon.env["SINK_SECRET"] = right
        world.restart()
        world.daemon.ctl("pipeline", "resume", "guarded")
        world.watch("guarded")
        told = world.daemon.log() + world.daemon.ctl("status", "-o", "json").out + str(run)
        assert right not in told and wrong not in told
    finally:
        server.stop()


def test_store_that_does_not_answer(world):
    """S3 is away: the run gives up after some seconds, and it is tried again by itself."""
    storage = {"endpoint": f"http://127.0.0.1:{free_port()}", "region": "us-east-1", "allow_http": True,
               "access_key_id": "env:E2E_S3_KEY", "secret_access_key": "env:E2E_S3_KEY"}
    world.pipelines.append({"name": "far", "source": {"type": "delta", "table": "s3://lake/docs", "storage": storage},
                            "key": ["id"], "text_columns": ["body"], "model": "shadow/16", "sink": world.index().uri})
    world.daemon.env["E2E_S3_KEY"] = "nobody"
    world.configure()
    world.daemon.start()
    world.daemon.api.start("WATCH", "far")
    status = wait_for(lambda: next((s for s in [world.daemon.api.status("far")] if s["state"] == "BACKING_OFF"),
                                   None), "the pipeline to back off")
    assert "s3://lake/docs: the store does not answer" in status["message"], status
    assert "BACKING_OFF" in world.daemon.ctl("status").out
