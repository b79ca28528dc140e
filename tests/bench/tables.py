"""Tables for benchmarks, and tables of results."""
import hashlib
import re

import deltalake
import numpy as np
import pyarrow as pa

WORDS = ("refund order invoice account password reset shipping delay charge card plan upgrade cancel "
         "trial region support ticket answer export import webhook token limit").split()


def rows(first, count, edition=0):
    """Texts of about 400 bytes, no two alike."""
    random = np.random.default_rng(first * 31 + edition)
    picks = random.integers(0, len(WORDS), (count, 56))
    ids = [f"KB-{first + i:07d}" for i in range(count)]
    return pa.table({
        "id": ids,
        "body": [f"{ids[i]} {edition}: " + " ".join(WORDS[w] for w in picks[i]) for i in range(count)],
        "category": [WORDS[int(p)] for p in picks[:, 0]],
        "views": picks[:, 1].astype(np.int64),
    })


def create(path, count, piece=100_000):
    for first in range(0, count, piece):
        deltalake.write_deltalake(str(path), rows(first, min(piece, count - first)), mode="append",
                                  configuration={"delta.enableChangeDataFeed": "true"})


def change(path, count):
    """About `count` changes: of eleven, five updates, a delete, five inserts. Returns how many."""
    part = count // 11
    table = deltalake.DeltaTable(str(path))
    newest = int(max(table.to_pyarrow_table(columns=["id"])["id"].to_pylist())[3:]) + 1
    changed = rows(0, part * 5, edition=1)
    (table.merge(changed, "t.id = s.id", source_alias="s", target_alias="t")
     .when_matched_update_all().execute())
    table.delete(f"id >= 'KB-{part * 5:07d}' AND id < 'KB-{part * 6:07d}'")
    deltalake.write_deltalake(str(path), rows(newest, part * 5, edition=2), mode="append")
    return part * 11


def peak_mb(pid="self"):
    """The most memory the process has had at once. Not getrusage(): that counts what its parent had when it forked."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) / 1024


def text_sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def markdown(title, head, lines, notes=""):
    out = [f"### {title}", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    out += ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]
    return "\n".join(out) + "\n" + (f"\n{notes}\n" if notes else "")
