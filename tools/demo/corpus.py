"""Readable rows for the demo and the benchmarks: Debian's own package descriptions.

They are fetched with apt into a folder of their own (the system's lists are not touched), once, and a
seeded sample is taken, so that everybody sees the same demo on one Debian release. Where they cannot
be had, made-up rows take their place.
"""

import glob
import json
import os
import random
import re
import subprocess

SEED = 20
SAMPLE = 2400


def _apt(folder: str, *arguments: str) -> subprocess.CompletedProcess:
    lists = os.path.join(folder, "lists")
    os.makedirs(os.path.join(lists, "partial"), exist_ok=True)
    options = [
        "-o", f"Dir::State::Lists={lists}",
        "-o", f"Dir::Cache={folder}",
        "-o", "Acquire::Languages=en",
        "-o", "APT::Sandbox::User=root",
    ]
    return subprocess.run(
        [arguments[0], *options, *arguments[1:]], capture_output=True, text=True, check=False
    )


def _stanzas(text: str):
    for stanza in text.split("\n\n"):
        fields, name = {}, None
        for line in stanza.splitlines():
            if line.startswith(" ") and name:
                fields[name] += "\n" + line[1:]
            elif ": " in line:
                name, value = line.split(": ", 1)
                fields[name] = value
        if fields:
            yield fields


def _read(path: str, folder: str) -> str:
    return _apt(folder, "/usr/lib/apt/apt-helper", "cat-file", path).stdout


def _long_text(lines: list[str]) -> str:
    paragraphs, current = [], []
    for line in lines:
        if line.strip() == ".":
            paragraphs.append(" ".join(current))
            current = []
        else:
            current.append(line.strip())
    paragraphs.append(" ".join(current))
    return "\n".join(p for p in paragraphs if p)


def _fetch(folder: str) -> list[dict]:
    # What matters is what it brought: one source among several may be away.
    _apt(folder, "apt-get", "update", "-qq")
    sections = {}
    for path in glob.glob(f"{folder}/lists/*_Packages*"):
        for fields in _stanzas(_read(path, folder)):
            if "Package" in fields:
                sections[fields["Package"]] = fields.get("Section", "").split("/")[-1]
    rows = {}
    for path in glob.glob(f"{folder}/lists/*_i18n_Translation-en*"):
        for fields in _stanzas(_read(path, folder)):
            name = fields.get("Package")
            if not name or "Description-en" not in fields or name in rows:
                continue
            summary, *rest = fields["Description-en"].split("\n")
            rows[name] = {
                "id": name,
                "summary": summary,
                "body": _long_text(rest),
                "section": sections.get(name, ""),
            }
    return sorted(rows.values(), key=lambda row: row["id"])


def _made_up(count: int) -> list[dict]:
    rng = random.Random(SEED)
    subjects = ["invoice", "password", "delivery", "refund", "printer", "calendar", "backup", "photo"]
    verbs = ["export", "reset", "track", "request", "connect", "share", "restore", "convert"]
    places = ["the web site", "the mobile app", "a Linux server", "a spreadsheet", "the command line"]
    rows = []
    for i in range(count):
        subject, verb, place = rng.choice(subjects), rng.choice(verbs), rng.choice(places)
        rows.append(
            {
                "id": f"made-up-{i:05}",
                "summary": f"how to {verb} a {subject}",
                "body": f"This article says how to {verb} a {subject} in {place}. "
                f"Article {i} was last looked at by support group {rng.randint(1, 40)}.",
                "section": subject,
            }
        )
    return rows


def load(cache: str, count: int = SAMPLE, shortest: int = 150, longest: int = 900):
    """Returns (rows, real): `count` rows with id, summary, body, section; a fixed sample."""
    folder = os.path.join(cache, "corpus")
    path = os.path.join(folder, "descriptions.json")
    rows = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            rows = json.load(file)
    else:
        os.makedirs(folder, exist_ok=True)
        print("fetching Debian's package descriptions (once)", flush=True)
        try:
            rows = _fetch(folder)
        except OSError:
            rows = []
        if rows:
            with open(path + ".part", "w", encoding="utf-8") as file:
                json.dump(rows, file)
            os.replace(path + ".part", path)
    fitting = [row for row in rows if shortest <= len(row["body"]) <= longest]
    if len(fitting) < count:
        return _made_up(count), False
    # One package of a family: "libfoo1", "libfoo-dev" and "libfoo-doc" say nearly the same.
    families = {}
    for row in fitting:
        families.setdefault(re.sub(r"[-0-9.]+.*$", "", row["id"]) or row["id"], []).append(row)
    rng = random.Random(SEED)
    first = [rng.choice(family) for family in families.values()]
    rng.shuffle(first)
    chosen = first[:count]
    if len(chosen) < count:
        taken = {row["id"] for row in chosen}
        rest = [row for row in fitting if row["id"] not in taken]
        chosen += rng.sample(rest, count - len(chosen))
    return sorted(chosen, key=lambda row: row["id"]), True
