#!/usr/bin/env python3
"""Checks that the documentation speaks of what is there: tools/check_docs.py [--driftctl PATH]

README.md and docs/ against the tree: links and their anchors; commands and flags of driftctl (by its
own --help), driftd and make; metrics, pause reasons, failpoints, functions, files, environment
variables and configuration keys. What must be told (every metric, reason, failpoint) is told.
"""

import argparse
import functools
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SOURCE_FOLDERS = ("server", "client", "tools", "proto", "config", "cmake", "tests")

FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.M)
MACHINE_PATH = re.compile(r"(?<![\w.~])/(?:work|tmp|root)/")
CONFIG_SECTIONS = {"server", "ledger", "log", "catalogue", "source", "where", "chunking", "limits", "schedule"}


class Page:
    """One file: its text, its code, and the place of what is found."""

    def __init__(self, path):
        self.path = path
        self.name = str(path.relative_to(ROOT))
        self.text = path.read_text(encoding="utf-8")
        self.prose = FENCE.sub(lambda fence: "\n" * fence.group(0).count("\n"), self.text)
        self.problems = []

    def wrong(self, at, what):
        line = self.text.count("\n", 0, at) + 1
        self.problems.append((line, f"{self.name}:{line}: {what}"))

    def fences(self, *languages):
        """(offset, text) of fenced blocks."""
        return [(m.start(2), m.group(2)) for m in FENCE.finditer(self.text) if m.group(1) in languages]

    def inline(self):
        return [(m.start(1), m.group(1)) for m in INLINE.finditer(self.prose)]

    def commands(self):
        """(offset, text) of every command line shown, lines that go on joined."""
        for start, block in self.fences("", "sh"):
            prompt = r"\$ " if re.search(r"^\$ ", block, re.M) else ""  # the other lines are answers
            line = rf"^{prompt}((?:driftctl|driftd|make)(?![\w.-])(?:[^\n]*\\\n)*[^\n]*)"
            for match in re.finditer(line, block, re.M):
                yield start + match.start(1), match.group(1).replace("\\\n", " ")
        for at, code in self.inline():
            if re.match(r"(driftctl|driftd|make) ", code):
                yield at, code


# -- what there is ---------------------------------------------------------------------------------


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


@functools.cache
def source_files():
    return [p for folder in SOURCE_FOLDERS for p in sorted((ROOT / folder).rglob("*"))
            if p.suffix in {".cc", ".h", ".rs", ".py", ".sh", ".proto", ".yaml", ".txt", ".cmake"}]


@functools.cache
def source_words():
    """Every identifier of the tree."""
    words = set()
    for path in source_files():
        words.update(re.findall(r"[A-Za-z_]\w+", path.read_text(encoding="utf-8", errors="replace")))
    return words


def anchors(path):
    found = set()
    for heading in HEADING.findall(FENCE.sub("", path.read_text(encoding="utf-8"))):
        plain = re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", heading)).strip().lower()
        found.add(plain.replace(" ", "-"))
    return found


class Driftctl:
    """The tree of commands, as --help tells it."""

    def __init__(self, binary):
        self.binary = binary
        self.known = {}

    def help(self, path):
        if path not in self.known:
            done = subprocess.run([self.binary, *path, "--help"], capture_output=True, text=True, check=True)
            options = set(re.findall(r"(?<![\w-])(--?[a-z][\w-]*)", done.stdout))
            part = done.stdout.partition("Subcommands:\n")[2]
            self.known[path] = options, set(re.findall(r"^  ([a-z][\w-]*)", part, re.M))
        return self.known[path]

    def problem(self, words):
        path = ()
        flags, commands = self.help(path)
        allowed = set(flags)
        for word in words:
            if word.startswith("-") and len(word) > 1:
                flag = word.split("=")[0]
                if flag not in allowed and not re.fullmatch(r"-\d+", flag):
                    return f"driftctl {' '.join(path)} has no {flag}"
            elif commands and re.fullmatch(r"[a-z][a-z-]*", word):
                if word not in commands:
                    return f"driftctl {' '.join(path)} has no command '{word}'"
                path += (word,)
                flags, commands = self.help(path)
                allowed |= flags
            else:
                commands = set()
        return None


@functools.cache
def config_keys():
    """Every key that the configuration, the catalogue files and the providers know."""
    keys = set()
    for name in ("config/driftd.yaml", "config/models.yaml", "config/prices.yaml"):
        keys.update(re.findall(r"(?:^|[\s{,#-])([a-z_]+):(?=\s|$)", read(name), re.M))
    for path in sorted((ROOT / "server" / "providers").rglob("*.cc")):
        keys.update(re.findall(r'"([a-z_]+)"', path.read_text(encoding="utf-8")))
    keys.update(re.findall(r'"([a-z_]+)"', read("server/config/catalogue.cc")))
    keys.update(re.findall(r'"([a-z_]+)"', read("server/native/delta/src/storage.rs")))
    return keys


# -- the checks ------------------------------------------------------------------------------------


def check_links(page):
    for match in LINK.finditer(page.prose):
        target, _, anchor = match.group(1).partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        path = (page.path.parent / target).resolve() if target else page.path
        if not path.exists() or ROOT not in (path, *path.parents):
            page.wrong(match.start(), f"the link {match.group(1)} leads nowhere")
        elif anchor and anchor not in anchors(path):
            page.wrong(match.start(), f"{target or page.name} has no heading #{anchor}")


def check_commands(page, driftctl):
    targets = set(re.findall(r"^([a-z][\w-]*):", read("Makefile"), re.M))
    usage = read("server/main.cc")
    for at, line in page.commands():
        line = re.split(r" {2,}#|[|<>;&…]|\s\d>", line)[0]
        try:
            program, *words = shlex.split(line.replace("[", "").replace("]", ""))
        except ValueError:
            page.wrong(at, f"not a command line: {line}")
            continue
        wrong = None
        if program == "make":
            wrong = next((f"make has no target '{w}'" for w in words if w not in targets), None)
        elif program == "driftd":
            wrong = next((f"driftd has no {w}" for w in words
                          if re.match(r"--|validate|version", w) and w.split("=")[0] not in usage), None)
        elif driftctl:
            wrong = driftctl.problem(words)
        if wrong:
            page.wrong(at, wrong)


def check_names(page):
    for at, code in page.inline():
        if re.fullmatch(r"drift_[a-z_]+(\{.*\}.*)?|DRIFT_[A-Z_]+(=.*)?", code):
            name = re.match(r"\w+", code).group(0)
            if name not in source_words():
                page.wrong(at, f"{name} is not in the source")
        elif re.fullmatch(r"([a-z_]+)\.([a-z_]+)", code) and code.split(".")[0] in CONFIG_SECTIONS:
            if not re.search(r"\.(h|cc|py|sh|yaml|md|db|rs)$", code) and not set(code.split(".")) <= config_keys():
                page.wrong(at, f"{code} is not a configuration key")
        elif re.fullmatch(r"(server|client|config|docs|tests|tools|proto|cmake)/[\w./-]+", code):
            if not (ROOT / code).exists():
                page.wrong(at, f"{code} does not exist")
        elif page.name == "docs/life-of-a-change.md" and re.fullmatch(r"[A-Z][a-z]\w*(::\w+)*", code):
            if not set(code.split("::")) <= source_words():
                page.wrong(at, f"{code} is not in the source")


def check_yaml(page):
    for at, block in page.fences("yaml"):
        section = ""
        for line in re.finditer(r"^.*$", block, re.M):
            top = re.match(r"([a-z_]+):", line.group(0))
            section = top.group(1) if top else section
            for match in re.finditer(r"(?:^|[\s{,])([a-z_]+):(?=\s|$)", line.group(0)):
                names_a_provider = section == "providers" and match.start(1) == 2
                if match.group(1) not in config_keys() and not names_a_provider:
                    page.wrong(at + line.start(), f"'{match.group(1)}' is not a configuration key")


def check_words(page):
    for match in MACHINE_PATH.finditer(page.text):
        page.wrong(match.start(), f"a path of some machine: {match.group(0)}")


def told(page, names, what):
    text = page.text
    return [f"{page.name}: {what} {name} is not told" for name in sorted(names) if name not in text]


def check_whole(pages):
    """What must be told somewhere."""
    wrong = []
    operations = pages["docs/operations.md"]
    metrics = set(re.findall(r'"(drift_[a-z_]+)"', read("server/metrics/metrics.cc")))
    wrong += told(operations, metrics, "the metric")
    reasons = set(re.findall(r'"([A-Z_]{6,})"', read("server/core/reasons.h")))
    wrong += told(operations, {f"`{reason}`" for reason in reasons}, "the pause reason")
    failpoints = set()
    for path in sorted((ROOT / "server").rglob("*.cc")):
        failpoints.update(re.findall(r'Failpoint\("([\w-]+)"\)', path.read_text(encoding="utf-8")))
    wrong += told(pages["docs/life-of-a-change.md"], {f"`{f}`" for f in failpoints}, "the failpoint")
    linked = {(page.path.parent / link.partition("#")[0]).resolve()
              for page in pages.values() for link in LINK.findall(page.prose)}
    folders = {path for path in linked if path.is_dir()}
    wrong += [f"{page.name}: no page links here" for page in pages.values()
              if page.path not in linked and page.path.parent not in folders and page.name != "README.md"]
    connectors = (ROOT / "docs" / "connectors").glob("*.md")
    wrong += [f"docs/connectors/{path.name}: README.md has to link it (More)" for path in connectors if path not in linked]
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--driftctl", default=ROOT / "build" / "bin" / "driftctl", type=pathlib.Path)
    arguments = parser.parse_args()
    if not arguments.driftctl.exists():
        sys.exit(f"error: {arguments.driftctl} is not built; make build")
    driftctl = Driftctl(arguments.driftctl)
    pages = {page.name: page for page in map(Page, DOCS)}
    for page in pages.values():
        check_links(page)
        check_commands(page, driftctl)
        check_names(page)
        check_yaml(page)
        check_words(page)
    wrong = [text for page in pages.values() for _, text in sorted(page.problems)] + check_whole(pages)
    print("\n".join(wrong) or f"{len(pages)} pages speak of what is there")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
