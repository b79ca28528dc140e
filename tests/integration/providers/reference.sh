#!/usr/bin/env bash
# reference.py in the Python that has what it needs: tests/integration/providers/reference.sh ARGS...
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
if [ -z "${DRIFT_VENV:-}" ]; then
  source "$here/../../../tools/env.sh"
fi
[ -x "$DRIFT_VENV/bin/python" ] || { echo "error: no $DRIFT_VENV; run tools/setup.sh test" >&2; exit 1; }
# ONNX Runtime reports its use to a server of Microsoft otherwise.
export ORT_DISABLE_TELEMETRY=1
exec "$DRIFT_VENV/bin/python" "$here/reference.py" "$@"
