#!/usr/bin/env bash
# need.sh TOOL...: makes sure that the tools of the build and the tests are here and new enough.
# Installs what it may (Chromium, and Debian's own packages), and else says what is lacking and
# how to get it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/say.sh"

# The version of the toolchain that Cargo.toml asks for.
rust_needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$here/../Cargo.toml")
# The bundler of the page needs it.
node_needed=20.19

# at_least NEEDED FOUND: compares version numbers.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

# package TOOL DEBIAN-PACKAGE: a plain tool that Debian has.
package() {
  have "$1" || debian_install "$2" || stop "$1 is missing. Install it: apt-get install $2"
}

need_cargo() {
  have cargo || stop "cargo is missing. Install Rust $rust_needed or newer from https://rustup.rs"
  local found
  found=$(cargo --version | awk '{print $2}')
  at_least "$rust_needed" "$found" ||
    stop "cargo $found is too old: $rust_needed or newer is needed. Run: rustup update stable"
  package cc build-essential
  fact "cargo $found"
}

need_node() {
  have node || stop "node is missing. Install Node.js $node_needed or newer from https://nodejs.org"
  local found
  found=$(node --version)
  at_least "$node_needed" "${found#v}" ||
    stop "node $found is too old: $node_needed or newer is needed. Get it from https://nodejs.org"
  have npm || stop "npm is missing. It comes with Node.js, see https://nodejs.org"
  fact "node $found, npm $(npm --version)"
}

need_python3() {
  package python3 python3
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    stop "$(python3 --version) is too old: 3.10 or newer is needed (apt-get install python3)"
  fact "$(python3 --version)"
}

need_chromium() {
  "$here/chromium.sh" >/dev/null || debian_install chromium ||
    stop "Chromium is missing, the browser journeys need it. Run: sudo apt-get install chromium," \
      "or point CHROMIUM at a Chromium or Chrome that you have."
  local program
  program=$("$here/chromium.sh") || stop "apt-get installed chromium, but it is still not found"
  fact "$("$program" --version 2>/dev/null) at $program"
}

for tool in "$@"; do
  case $tool in
    cargo | node | python3 | chromium) "need_$tool" ;;
    *) package "$tool" "$tool" ;;
  esac
done
