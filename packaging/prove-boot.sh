#!/usr/bin/env bash
# prove-boot.sh DIST FOLDER [CUTS]: the package in DIST on a booted Debian with systemd, on a disk that
# loses its power CUTS times. The Debian is kept in FOLDER.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."
dist=$(realpath "$1") folder=$2 cuts=${3:-20}
packaging/need.sh python3
not_run() {
  fact "NOT RUN: the booted Debian, because $*"
  exit 0
}
packaging/prove/root.sh "$folder" || { [ $? -eq 3 ] && exit 0 || exit 1; }
have systemd-nspawn || debian_install systemd-container || not_run "there is no systemd-nspawn"
/usr/bin/python3 -c 'import fusepy' 2>/dev/null || debian_install python3-fusepy libfuse2 ||
  not_run "Python's fusepy is missing (apt-get install python3-fusepy libfuse2)"
have losetup && [ -e /dev/loop-control ] && [ -e /dev/fuse ] || not_run "there are no loop devices or no fuse here"
unshare --net --mount true 2>/dev/null || not_run "no network of its own can be made here"
place=$(mktemp -d)
trap 'umount "$place/debian/proc" 2>/dev/null || true; rm -rf --one-file-system "$place"' EXIT
mkdir "$place/debian" "$place/machine"
tar -C "$place/debian" -xf "$folder/debian.tar"
packaging/prove/versions.sh "$dist" "$place/debian/tmp"
unshare --net --mount sh -c 'ip link set lo up && exec python3 packaging/prove/boot.py "$@"' \
  sh "$place/debian" "$place/machine" "$cuts" ${PROVE_SEED:+"$PROVE_SEED"}
