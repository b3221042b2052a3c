#!/usr/bin/env bash
# prove-install.sh DIST FOLDER: what is in DIST is installed, brought up, taken away and started as by
# a double click, in a fresh Debian root that is kept in FOLDER, in a network without a way out.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."
dist=$(realpath "$1") folder=$2
packaging/need.sh python3
packaging/prove/root.sh "$folder" || { [ $? -eq 3 ] && exit 0 || exit 1; }
unshare --net --mount true 2>/dev/null || {
  fact "NOT RUN: the installation in a fresh Debian root, because no network of its own can be made here"
  exit 0
}
place=$(mktemp -d)
trap 'umount "$place/root/proc" 2>/dev/null || true; rm -rf --one-file-system "$place"' EXIT
mkdir "$place/root"
tar -C "$place/root" -xf "$folder/debian.tar"
packaging/prove/versions.sh "$dist" "$place/root/tmp"
mount -t proc proc "$place/root/proc"
unshare --net sh -c 'ip link set lo up && exec python3 packaging/prove/install.py "$@"' sh "$place/root" "$dist"
