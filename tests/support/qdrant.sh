#!/usr/bin/env bash
# Runs a Qdrant server of its own in the foreground until it is killed:
#   tests/support/qdrant.sh FOLDER REST_PORT GRPC_PORT real|facade
# real: the binary that DRIFT_TEST_QDRANT names, else `qdrant` on the PATH, else the packed one in
# ../shared/servers beside the clone. facade: tests/fakes/qdrant_facade, the engine from PyPI behind
# the same protocol. Data lies in FOLDER and is found again by the next call.
# QDRANT_API_KEY: who has it not is refused. QDRANT_TLS=1: gRPC with FOLDER/cert.pem, made here.
#
#   tests/support/qdrant.sh --find
# prints the path of the binary; exits 1 if there is none.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/tools/env.sh"

find_binary() {
  if [ -n "${DRIFT_TEST_QDRANT:-}" ]; then
    [ -x "$DRIFT_TEST_QDRANT" ] || die "DRIFT_TEST_QDRANT names no program: $DRIFT_TEST_QDRANT"
    printf '%s\n' "$DRIFT_TEST_QDRANT"
    return
  fi
  command -v qdrant && return
  shopt -s nullglob
  local packed=("$root"/../shared/servers/qdrant-*.zst)
  [ ${#packed[@]} -gt 0 ] || return 1
  local binary
  binary=$cache/bin/$(basename "${packed[0]}" .zst)
  if [ ! -x "$binary" ]; then
    # Unpacked beside and renamed: several tests may come here at once.
    mkdir -p "$cache/bin"
    zstd -q -d -f "${packed[0]}" -o "$binary.$$" && chmod +x "$binary.$$" && mv "$binary.$$" "$binary"
  fi
  printf '%s\n' "$binary"
}

if [ "${1:-}" = --find ]; then
  find_binary
  exit
fi
folder=$1 rest_port=$2 grpc_port=$3 kind=$4

tls=false
if [ -n "${QDRANT_TLS:-}" ]; then
  tls=true
  [ -e "$folder/cert.pem" ] || openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
    -keyout "$folder/key.pem" -out "$folder/cert.pem" 2>/dev/null
fi

if [ "$kind" = facade ]; then
  cd "$root"
  exec "$DRIFT_VENV/bin/python" tests/fakes/qdrant_facade/server.py "$folder/storage" "$grpc_port"
fi

binary=$(find_binary) || die "no Qdrant: name one with DRIFT_TEST_QDRANT"
cat >"$folder/config.yaml" <<YAML
log_level: WARN
storage: {storage_path: $folder/storage, snapshots_path: $folder/snapshots}
service:
  host: 127.0.0.1
  http_port: $rest_port
  grpc_port: $grpc_port
  enable_tls: $tls
YAML
[ -z "${QDRANT_API_KEY:-}" ] || printf '  api_key: "%s"\n' "$QDRANT_API_KEY" >>"$folder/config.yaml"
[ $tls = false ] || printf 'tls: {cert: %s, key: %s}\n' "$folder/cert.pem" "$folder/key.pem" \
  >>"$folder/config.yaml"
cd "$folder"
exec "$binary" --config-path "$folder/config.yaml" --disable-telemetry
