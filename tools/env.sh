# Sourced by every script: where things lie. A cache directory given by the environment
# (DRIFT_CACHE_DIR, else XDG_CACHE_HOME) outlives the clone; without one all is inside build/.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ -n "${DRIFT_CACHE_DIR:-}" ]; then
  cache=$DRIFT_CACHE_DIR
elif [ -n "${XDG_CACHE_HOME:-}" ]; then
  cache=$XDG_CACHE_HOME/drift
else
  cache=$root/build/cache
fi
mkdir -p "$cache"
export DRIFT_CACHE="$cache"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/cargo}"
export CCACHE_DIR="${CCACHE_DIR:-$cache/ccache}"
export CCACHE_NOHASHDIR=1
# What the tests and the demo find things by.
export DRIFT_VENV="$cache/venv"          # python of tools/requirements.txt
export DRIFT_SDK_VENV="$cache/venv-sdk"  # python of tools/requirements-sdk.txt
export DRIFT_TOOLS_BIN="$cache/bin"      # versitygw
export DRIFT_MODELS_DIR="${DRIFT_MODELS_DIR:-$cache/models}"
export HOME="${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}"   # service accounts and containers may lack it
PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
