#!/usr/bin/env bash
# journeys.sh BINARY [FILE...]: the browser journeys, or those of these files, against this binary, in
# headless Chromium, with a Modbus server that is not ours.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."
INDUSMIND_BINARY=$(realpath "$1")
export INDUSMIND_BINARY

if [ -n "${WITHOUT_JOURNEYS:-}" ]; then
  fact "NOT RUN: the browser journeys, because WITHOUT_JOURNEYS says: $WITHOUT_JOURNEYS"
  exit 0
fi

packaging/need.sh python3 chromium
CHROMIUM=$(packaging/chromium.sh)
export CHROMIUM

# The independent Modbus server lives in an environment of its own, made anew when its list changes.
list=tests/e2e/requirements.txt
python=${CARGO_TARGET_DIR:-target}/e2e-python
if ! cmp -s "$list" "$python/made-from"; then
  rm -rf "$python"
  python3 -m venv "$python" 2>/dev/null || {
    rm -rf "$python"
    debian_install python3-venv && python3 -m venv "$python" ||
      stop "Python cannot make an environment. Run: sudo apt-get install python3-venv"
  }
  "$python/bin/pip" install --quiet --disable-pip-version-check -r "$list" ||
    stop "pip could not install $(tr '\n' ' ' <"$list"): is the Python package index reachable?"
  cp "$list" "$python/made-from"
fi
METER_PYTHON=$(realpath "$python/bin")/python
export METER_PYTHON
fact "$("$METER_PYTHON" -c 'import pymodbus; print("pymodbus", pymodbus.__version__)')"

[ $# -gt 1 ] || set -- "$1" tests/e2e/journeys/*.test.mjs
rm -rf test-results
mkdir -p test-results
node --test --test-concurrency=2 --test-reporter=spec "${@:2}"
