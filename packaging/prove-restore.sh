#!/usr/bin/env bash
# prove-restore.sh BINARY [MB]: a backup of so many MB (2048 otherwise) of readings and documents is made,
# proven, and restored on a machine that has nothing; each step is timed. The disk needs six times as much.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."
packaging/need.sh python3
place=$(mktemp -d "${RESTORE_PLACE:-${TMPDIR:-/tmp}}/indusmind-restore.XXXX")
trap 'rm -rf --one-file-system "$place"' EXIT
python3 packaging/prove/restore.py "$(realpath "$1")" "$place" "${2:-2048}"
