#!/usr/bin/env bash
# tests/support/delta_ops.py with the Python that has deltalake.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
if [ -z "${DRIFT_VENV:-}" ]; then
  source "$here/../../tools/env.sh"
fi
[ -x "$DRIFT_VENV/bin/python" ] || { echo "no Python in $DRIFT_VENV; run tools/setup.sh test" >&2; exit 1; }
exec "$DRIFT_VENV/bin/python" "$here/delta_ops.py" "$@"
