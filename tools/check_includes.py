#!/usr/bin/env python3
"""Checks that the includes follow the arrows of docs/ARCHITECTURE.md.

A module may include itself and what stands behind its colon, nothing else of ours; and a third-party
library is known to the modules named for it only.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SERVER = ROOT / "server"

CONNECTOR = {"core", "base", "net", "native"}
ALLOWED = {
    "base": set(),
    "core": {"base"},
    "net": {"core", "base"},
    "config": {"core", "base"},
    "schedule": {"core", "base"},
    "metrics": {"core", "base"},
    "native": set(),
    "sources": CONNECTOR,
    "providers": CONNECTOR,
    "sinks": CONNECTOR,
    "ledger": {"core", "base", "net"},
    "pipeline": {"core", "base", "metrics"},
    "control": {"core", "base", "pipeline", "metrics"},
}
# Connectors do not know one another: sources/delta not sources/iceberg.
SIBLINGS = {"sources", "providers", "sinks"}

THIRD_PARTY = {
    r"yaml-cpp/": {"config"},
    r"spdlog/": {"base"},
    r"curl/": {"net"},
    r"libpq-fe\.h": {"net"},
    r"sqlite3\.h": {"net"},
    r"nlohmann/": {"net"},
    r"prometheus/": {"metrics"},
    r"boost/": {"base", "metrics", "app"},
    r"grpcpp/|grpc/": {"sinks", "control"},
    r"absl/status/": {"base"},
}

INCLUDE = re.compile(r'^\s*#include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)


def check(path: pathlib.Path) -> list[str]:
    parts = path.relative_to(SERVER).parts
    module = parts[0] if len(parts) > 1 else "app"
    folder = parts[1] if len(parts) > 2 else None
    wrong = []
    for ours, theirs in INCLUDE.findall(path.read_text()):
        name = ours or theirs
        for pattern, modules in THIRD_PARTY.items():
            if re.match(pattern, name) and module not in modules:
                wrong.append(f"{name} belongs to {', '.join(sorted(modules))} alone")
        if not ours or "/" not in ours or module == "app":
            continue
        target = ours.split("/")
        if target[0] not in ALLOWED:
            continue
        if target[0] == module:
            other = target[1] if len(target) > 2 else None
            if module in SIBLINGS and folder and other and other != folder:
                wrong.append(f"{ours}: connectors do not know one another")
        elif target[0] not in ALLOWED[module]:
            wrong.append(f"{ours}: {module} may not know {target[0]}")
    return [f"{path.relative_to(ROOT)}: {line}" for line in wrong]


def check_client(path: pathlib.Path) -> list[str]:
    """The client knows the API and nothing of the server."""
    return [
        f"{path.relative_to(ROOT)}: {name}: the client may not know the server"
        for name, _ in INCLUDE.findall(path.read_text())
        if name.split("/")[0] in ALLOWED
    ]


def main() -> int:
    wrong = []
    for pattern in ("*.h", "*.cc"):
        for path in sorted(SERVER.rglob(pattern)):
            wrong += check(path)
        for path in sorted((ROOT / "client").rglob(pattern)):
            wrong += check_client(path)
    print("\n".join(wrong) if wrong else "includes follow the arrows")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
