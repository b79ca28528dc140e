#!/usr/bin/env bash
# Starts the stand-in with the Python that has numpy: tests/fakes/providers/run.sh [--port N]
source "$(dirname "$0")/../../../tools/env.sh"
export PYTHONDONTWRITEBYTECODE=1
python=$DRIFT_VENV/bin/python
[ -x "$python" ] || python=python3
exec "$python" "$root/tests/fakes/providers/server.py" "$@"
