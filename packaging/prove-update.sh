#!/usr/bin/env bash
# prove-update.sh BINARY LAUNCHER FOLDER [PICTURES]: updates by stick in a fresh Debian root, with builds for
# tests. PICTURES: a folder for what open pages show while a version is undone.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."
binary=$(realpath "$1") launcher=$(realpath "$2") folder=$3 pictures=${4:-}
packaging/need.sh python3 node chromium
packaging/prove/root.sh "$folder" || { [ $? -eq 3 ] && exit 0 || exit 1; }
place=$(mktemp -d)
trap 'umount "$place/root/proc" 2>/dev/null || true; rm -rf --one-file-system "$place"' EXIT
mkdir "$place/root"
tar -C "$place/root" -xf "$folder/debian.tar"
mount -t proc proc "$place/root/proc"
unshare --net sh -c 'ip link set lo up && exec python3 packaging/prove/stick.py "$@"' sh \
  "$place/root" "$binary" "$launcher" "$(packaging/chromium.sh)" ${pictures:+"$(realpath "$pictures")"}
