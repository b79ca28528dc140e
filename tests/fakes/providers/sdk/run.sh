#!/usr/bin/env bash
# Runs a program with the Python that has the providers' SDKs (tools/requirements-sdk.txt), by default the tests of
# the stand-in: tests/fakes/providers/sdk/run.sh [PROGRAM [ARGUMENTS]]. Exit code 77: there is none.
source "$(dirname "$0")/../../../../tools/env.sh"
export PYTHONDONTWRITEBYTECODE=1
python=$DRIFT_SDK_VENV/bin/python
if [ ! -x "$python" ]; then
  say "skipped: the providers' SDKs are not installed (tools/setup.sh test)"
  exit 77
fi
cd "$root"
[ $# -eq 0 ] && exec "$python" -W ignore -m unittest discover -s tests/fakes/providers/sdk
exec "$python" -W ignore "$@"
