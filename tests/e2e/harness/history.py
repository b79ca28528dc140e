"""Random histories of a table: everything that may happen to one, drawn from a seed."""

import random

COLUMNS = {"id": "long", "part": "string", "title": "string", "body": "string", "category": "string"}
BLANK = [None, "", " ", "\n\t", "\u00a0\u2003"]
WORDS = "ant bee cat dog elk fox gnu hen ibex jay koi lark mole newt owl pig".split()


def sql(value):
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


class History:
    """Changes `table`; keys stay unique, so that every state has one right index."""

    def __init__(self, seed, table, composite=False):
        self.random = random.Random(seed)
        self.table = table
        self.composite = composite
        self.log = []
        self.gone = []  # keys that were there once
        self.next_id = 100
        self.oldest = 0  # that can be restored
        self.wider = False
        # Few, so that rows often say the same, and texts come back.
        self.texts = [self.new_text() for _ in range(6)]

    # -- values

    def new_text(self):
        sentences = [" ".join(self.random.choices(WORDS, k=self.random.randint(2, 7))).capitalize() + "."
                     for _ in range(self.random.choice([1, 1, 2, 4, 7]))]
        return self.random.choice([" ", "\n\n", "  "]).join(sentences) + self.random.choice(["", "", " \u00e9\u2026", "\u3002"])

    def text(self):
        roll = self.random.random()
        if roll < 0.12:
            return self.random.choice(BLANK)
        if roll < 0.5:
            return self.random.choice(self.texts)
        made = self.new_text()
        if self.random.random() < 0.2:
            self.texts[self.random.randrange(len(self.texts))] = made
        return made

    def row(self, key):
        title = self.random.choice([None, None, "A title", "it's {curly}", self.text()])
        made = [*key, title, self.text(), self.random.choice([None, "a", "b", "c"])]
        return made + [None] * (len(self.width()) - len(made))

    def width(self):
        return list(COLUMNS) + (["extra"] if self.wider else [])

    def live(self):
        return [(row["id"], row["part"]) for row in self.table.rows() if not self.is_null((row["id"], row["part"]))]

    def is_null(self, key):
        return key[0] is None or (self.composite and key[1] is None)

    def new_keys(self, count):
        live = set(self.live())
        out = []
        for _ in range(count):
            back = [key for key in self.gone if key not in live and key not in out
                    and (self.composite or all(key[0] != other[0] for other in [*live, *out]))]
            if back and self.random.random() < 0.4:
                out.append(self.random.choice(back))
                continue
            self.next_id += 1
            out.append((self.next_id, self.random.choice("pq")))
            if self.composite and self.random.random() < 0.5:
                out.append((self.next_id, "r"))
        if self.random.random() < 0.08:
            out.append((None, self.random.choice("pq")))
        return out

    def some(self, most=4):
        live = self.live()
        return self.random.sample(live, min(len(live), self.random.randint(1, most)))

    def where(self, keys):
        return " OR ".join(f"(id = {key[0]} AND part = {sql(key[1])})" for key in keys) or "1 = 0"

    # -- operations: each one commit or more

    def insert(self):
        self.table.append(*[self.row(key) for key in self.new_keys(self.random.randint(1, 5))])

    def update(self):
        columns = {}
        for name in self.random.sample(["title", "body", "category"], self.random.randint(1, 3)):
            columns[name] = sql(self.random.choice(["b", "d", None]) if name == "category" else self.text())
        self.table.update(self.where(self.some()), **columns)

    def update_payload(self):
        self.table.update(self.where(self.some()), category=sql(self.random.choice(["x", "y", None])))

    def update_to_same(self):
        self.table.update(self.where(self.some()), body="body")

    def revert(self):
        keys = self.some(1)
        if not keys:
            return
        before = [r for r in self.table.rows() if (r["id"], r["part"]) == keys[0]][0]
        self.table.update(self.where(keys), body=sql(self.text()))
        self.table.update(self.where(keys), body=sql(before["body"]))

    def delete(self):
        keys = self.some()
        self.gone += keys
        self.table.delete(self.where(keys))

    def delete_null_keys(self):
        self.table.delete("id IS NULL")

    def delete_and_insert(self):
        """In two commits; the row may come back as it was."""
        keys = self.some(2)
        rows = {(r["id"], r["part"]): list(r.values()) for r in self.table.rows()}
        self.table.delete(self.where(keys))
        self.table.append(*[rows[key] if self.random.random() < 0.5 else self.row(key) for key in keys])

    def replace(self):
        """Delete and insert in one commit."""
        keys = self.some(2)
        if keys:
            self.table.overwrite([self.row(key) for key in keys], where=self.where(keys))

    def merge(self):
        rows = [self.row(key) for key in [*self.some(3), *self.new_keys(2)] if not self.is_null(key)]
        if rows:
            self.table.merge(rows, on=["id", "part"])

    def swap_texts(self):
        """Two rows take each other's text in one commit."""
        keys = self.some(2)
        rows = [list(r.values()) for r in self.table.rows() if (r["id"], r["part"]) in keys]
        if len(rows) == 2:
            rows[0][3], rows[1][3] = rows[1][3], rows[0][3]
            self.table.merge(rows, on=["id", "part"])

    def overwrite_with_equal(self):
        rows = [list(r.values()) for r in self.table.rows()]
        self.random.shuffle(rows)
        self.table.overwrite(rows)

    def overwrite(self):
        rows = [list(r.values()) for r in self.table.rows() if self.random.random() < 0.8]
        kept = {(row[0], row[1]) for row in rows}
        self.gone += [key for key in self.live() if key not in kept]
        for row in rows:
            if self.random.random() < 0.3:
                row[3] = self.text()
        self.table.overwrite(rows)

    def clear(self):
        self.gone += self.live()
        self.table.delete("true")

    def optimize(self):
        self.table.do("optimize")

    def checkpoint(self):
        self.table.do("checkpoint")

    def restore(self):
        if self.table.version > self.oldest:
            self.gone += self.live()
            self.table.do("restore", version=self.random.randint(self.oldest, self.table.version - 1))

    def add_column(self):
        if not self.wider:
            self.table.do("add_columns", columns={"extra": "string"})
            self.wider = True
            self.oldest = self.table.version  # older rows are narrower

    WEIGHTS = {"insert": 6, "update": 8, "update_payload": 3, "update_to_same": 1, "revert": 2, "delete": 4,
               "delete_null_keys": 1, "delete_and_insert": 3, "replace": 2, "merge": 4, "swap_texts": 3,
               "overwrite_with_equal": 1, "overwrite": 1, "clear": 0.3, "optimize": 1, "checkpoint": 0.5,
               "restore": 1, "add_column": 0.3}

    def step(self):
        """One to four operations, without anybody looking in between."""
        self.schema_changed = False
        for _ in range(self.random.choice([1, 1, 2, 3, 4])):
            name = self.random.choices(list(self.WEIGHTS), list(self.WEIGHTS.values()))[0]
            getattr(self, name)()
            self.log.append(f"{name} -> version {self.table.version}")

    def vacuum(self):
        """Of what no pipeline needs any more."""
        self.table.do("vacuum")
        self.oldest = self.table.version
        self.log.append("vacuum")
