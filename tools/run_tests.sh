#!/usr/bin/env bash
# Runs the tests of a build directory: tools/run_tests.sh BUILD_DIR [ctest arguments]
# Unit tests two at a time, then those that start servers or daemons one by one: on a small machine
# they would only take each other's time.
set -euo pipefail
source "$(dirname "$0")/env.sh"
build=$1
shift
cd "$root"
ctest --test-dir "$build" --output-on-failure --no-tests=error -j 2 "$@"
