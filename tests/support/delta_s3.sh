#!/usr/bin/env bash
# Runs an S3 server (versitygw, objects as files of FOLDER) in the foreground until it is killed:
#   tests/support/delta_s3.sh FOLDER PORT
# with ROOT_ACCESS_KEY and ROOT_SECRET_KEY from the environment. Exit code 77: versitygw is not there.
set -euo pipefail
if [ -z "${DRIFT_TOOLS_BIN:-}" ]; then
  source "$(dirname "${BASH_SOURCE[0]}")/../../tools/env.sh"
fi
[ -x "$DRIFT_TOOLS_BIN/versitygw" ] || { echo "no versitygw; run tools/setup.sh test" >&2; exit 77; }
exec "$DRIFT_TOOLS_BIN/versitygw" --port "127.0.0.1:$2" posix "$1"
