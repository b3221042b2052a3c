#!/usr/bin/env bash
# Refuses to build when RUSTFLAGS would silently make the binary dynamic.
set -euo pipefail
. "$(dirname "$0")/say.sh"
case "${RUSTFLAGS-}${CARGO_ENCODED_RUSTFLAGS-}" in
  '' | *+crt-static*) ;;
  *)
    stop "RUSTFLAGS is set (\"${RUSTFLAGS-}${CARGO_ENCODED_RUSTFLAGS-}\"). It replaces the flags of" \
      ".cargo/config.toml, and the binary would be dynamic without a word. Unset it; extra flags go" \
      "into CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS, which adds to them."
    ;;
esac
