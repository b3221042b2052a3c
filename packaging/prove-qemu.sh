#!/usr/bin/env bash
# prove-qemu.sh DIST FOLDER [CUTS]: the package in DIST, installed by a booted Debian with its own kernel
# under qemu, on a disk that loses its power CUTS times. The Debian is kept in FOLDER.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."
dist=$(realpath "$1") folder=$2 cuts=${3:-5}
packaging/need.sh python3
not_run() {
  fact "NOT RUN: the Debian under qemu, because $*"
  exit 0
}
packaging/prove/root.sh "$folder" || { [ $? -eq 3 ] && exit 0 || exit 1; }
have qemu-system-x86_64 || debian_install qemu-system-x86 || not_run "there is no qemu: apt-get install qemu-system-x86"
/usr/bin/python3 -c 'import fusepy' 2>/dev/null || debian_install python3-fusepy libfuse2 ||
  not_run "Python's fusepy is missing (apt-get install python3-fusepy libfuse2)"
[ -e /dev/fuse ] || not_run "there is no fuse here"
unshare --net --mount true 2>/dev/null || not_run "no network of its own can be made here"
place=$(mktemp -d)
trap 'rm -rf --one-file-system "$place"' EXIT
mkdir "$place/debian" "$place/machine"
tar -C "$place/debian" -xf "$folder/debian.tar"
cp "$dist"/indusmind_*.deb "$place/debian/root/indusmind.deb"
unshare --net --mount sh -c 'ip link set lo up && exec python3 packaging/prove/qemu.py "$@"' \
  sh "$place/debian" "$place/machine" "$cuts" ${PROVE_SEED:+"$PROVE_SEED"}
