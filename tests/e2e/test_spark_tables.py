"""Tables that Spark wrote, with whatever Spark and its Delta can do (tests/data/delta), commit after commit
into an index, which then holds what Spark itself reads. Where a commit leaves what can be followed the
pipeline pauses, and `run embed` brings the index back to what Spark reads."""

import hashlib
import json
import pathlib
import random
import re
import shutil
import subprocess

import pytest

from harness import ROOT
from oracle_sinks import compact

TABLES = ["basic", "cdf_late", "checkpoints", "checkpoints_v2", "column_mapping", "composite_key", "deletion_vectors",
          "evolving", "key_retyped", "log_cleaned", "maintenance", "many_in_one", "mapping_by_id", "modern", "no_feed",
          "overwrites", "partition_keys", "partitions", "recreated", "replaced", "types", "vacuumed", "widening"]
# What pauses, and when: the version that is seen first with it. Everything else carries on.
PAUSES = {
    "cdf_late": {6: "CHANGE_FEED_OFF"},
    "column_mapping": {3: "COLUMN_MISSING", 9: "COLUMN_MISSING"},  # the text column was renamed, then the key
    "key_retyped": {2: "KEY_TYPE_CHANGED"},
    "vacuumed": {5: "HISTORY_GONE"},
}
RENAMED = {"body": "content", "id": "doc_id"}  # in column_mapping


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spark")
    subprocess.run(["tar", "--zstd", "-xf", ROOT / "tests/data/delta/spark.tar.zst", "-C", folder], check=True)
    return folder


class Growing:
    """A copy of a table whose commits appear when they are asked for."""

    def __init__(self, source, copy):
        self.path = copy
        self.log, self.new = source / "_delta_log", copy / "_delta_log"
        shutil.copytree(source, copy, ignore=lambda folder, names: [
            name for name in names if pathlib.Path(folder) == self.log and name != "_sidecars"])

    def show(self, version):
        for path in self.log.iterdir():
            number = re.match(r"\d{20}", path.name)
            if number and int(number.group()) <= version and not (self.new / path.name).exists():
                shutil.copy(path, self.new / path.name)


class Answers:
    """What Spark reads of a table."""

    def __init__(self, path):
        self.all = json.loads(path.read_text())
        self.readable = sorted(int(v) for v, rows in self.all["versions"].items() if isinstance(rows, list))

    def rows(self, version):
        return self.all["versions"][str(version)]

    def columns(self, version):
        """(key columns, text column), as they are called then."""
        known = {name for row in self.rows(version) for name in row}
        now = {old: new for old, new in RENAMED.items() if new in known}
        old = {new: name for name, new in RENAMED.items()}
        return [now.get(old.get(name, name), old.get(name, name)) for name in self.all["key"]], now.get("body", "body")

    def payload(self):
        """Columns that are there all the time and are neither key nor text."""
        everywhere = set.intersection(*(set(row) for version in self.readable for row in self.rows(version)))
        return sorted(everywhere - {"body", "content", *self.all["key"], "id"})

    def points(self, version):
        """{canonical key: (hash of the text, payload)}; a row without key or text has no point."""
        key, text = self.columns(version)
        return {compact([row[k] for k in key]): (hashlib.sha256(row[text].encode()).hexdigest(),
                                                 {name: row[name] for name in self.payload()})
                for row in self.rows(version)
                if (row[text] or "").strip() and all(row[k] is not None for k in key)}


def found(index):
    return {p.key: (p.sha256, json.loads(p.payload)) for p in index.points().values()}


def describe(world, answers, version, table, index):
    """The pipeline's configuration, with the columns as they are called at that version."""
    key, text = answers.columns(version)
    world.pipelines[:] = [{
        "name": "docs", "source": {"type": "delta", "table": str(table.path)}, "key": key, "text_columns": [text],
        "payload": answers.payload(), "model": "shadow/16", "sink": index.uri}]
    world.configure()


@pytest.mark.parametrize("name", TABLES)
def test_index_holds_what_spark_reads(world, spark, tmp_path, name):
    answers = Answers(spark / f"{name}.expected.json")
    table, index = Growing(spark / name, tmp_path / "grown"), world.index()
    describe(world, answers, answers.readable[0], table, index)
    world.daemon.start()
    steps, pauses = random.Random(name), {}
    for version in answers.readable:
        table.show(version)
        if version != answers.readable[-1] and steps.random() < 0.3:
            continue  # several commits between two polls
        run = world.daemon.api.watch("docs")
        if run["state"] == "FAILED":
            pauses[version] = world.daemon.api.status("docs")["reason"]
            describe(world, answers, version, table, index)
            world.restart()
            world.embed()
        else:
            assert run["state"] == "SUCCEEDED", run
        assert found(index) == answers.points(version), f"version {version}"
    assert pauses == PAUSES.get(name, {})
    assert len(found(index)) > 0
