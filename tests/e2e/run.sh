#!/usr/bin/env bash
# Runs end-to-end tests: tests/e2e/run.sh [pytest arguments]
# DRIFT_BIN_DIR: where driftd and driftctl lie; default build/bin.
set -euo pipefail
source "$(dirname "$0")/../../tools/env.sh"
cd "$root/tests/e2e"
exec "$DRIFT_VENV/bin/python" -m pytest "$@"
