#!/usr/bin/env bash
# root.sh FOLDER: makes FOLDER/debian.tar, a fresh Debian with systemd and a kernel, once; says why
# not with 3 when it cannot be made here.
set -euo pipefail
. "$(dirname "$0")/../say.sh"
folder=$1
not_run() {
  fact "NOT RUN: $*"
  exit 3
}
[ ! -s "$folder/debian.tar" ] || exit 0
[ "$(id -u)" -eq 0 ] || not_run "a Debian root is made by root only"
have debootstrap || debian_install debootstrap || not_run "there is no debootstrap: apt-get install debootstrap"
mkdir -p "$folder"
place=$(mktemp -d "$folder/making.XXXX")
trap 'umount "$place/proc" "$place/sys" 2>/dev/null || true; rm -rf --one-file-system "$place"' EXIT
# mktemp closes it to all but root; this is the / of the system, through which its users reach theirs.
chmod 755 "$place"
debootstrap --variant=minbase --include=systemd,systemd-sysv,udev,dbus,kmod,busybox,initramfs-tools \
  bookworm "$place" >"$folder/debootstrap.log" 2>&1 ||
  not_run "debootstrap did not get a Debian: $(tail -n 1 "$folder/debootstrap.log")"
mount -t proc proc "$place/proc" && mount -t sysfs sys "$place/sys" || not_run "nothing can be mounted here"
chroot "$place" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
  linux-image-cloud-amd64 >"$folder/kernel.log" 2>&1 || not_run "there is no kernel: $(tail -n 1 "$folder/kernel.log")"
chroot "$place" apt-get clean
umount "$place/proc" "$place/sys"
tar -C "$place" -cf "$folder/debian.tar.part" .
mv "$folder/debian.tar.part" "$folder/debian.tar"
fact "a fresh Debian: $(stat -c %s "$folder/debian.tar") bytes in $folder"
