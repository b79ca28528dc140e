"""Delta tables that tests change, by tests/support/delta_ops.py."""

import pathlib
import shutil
import sys

import deltalake

from harness import ROOT

sys.path.insert(0, str(ROOT / "tests" / "support"))
import delta_ops  # noqa: E402

COLUMNS = {"id": "long", "title": "string", "body": "string", "category": "string"}


class Table:
    def __init__(self, path, columns=None, rows=(), storage=None, **options):
        self.path = str(path)
        self.columns = dict(columns or COLUMNS)
        self.storage = storage
        self.create(rows, **options)

    def create(self, rows=(), **options):
        return self.do("create", columns=self.columns, rows=[list(row) for row in rows], **options)

    def do(self, op, **options):
        """Returns the table's version afterwards."""
        if self.storage:
            options["storage"] = self.storage
        answer = delta_ops.run({"op": op, "table": self.path, **options})
        return answer.get("version")

    def append(self, *rows):
        return self.do("append", rows=[list(row) for row in rows])

    def overwrite(self, rows, **options):
        return self.do("overwrite", rows=[list(row) for row in rows], **options)

    def merge(self, rows, on=("id",), **options):
        return self.do("merge", rows=[list(row) for row in rows], on=list(on), **options)

    def update(self, where, **columns):
        """Columns as SQL expressions."""
        return self.do("update", set=columns, where=where)

    def delete(self, where):
        return self.do("delete", where=where)

    def delta(self, version=None):
        return deltalake.DeltaTable(self.path, version=version, storage_options=self.storage)

    @property
    def version(self):
        return self.delta().version()

    def rows(self, version=None):
        return self.delta(version).to_pyarrow_table().to_pylist()

    def drop(self):
        shutil.rmtree(self.path)

    def copy(self, to):
        """A backup of the whole folder."""
        shutil.copytree(self.path, to)
        return pathlib.Path(to)
