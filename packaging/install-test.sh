#!/usr/bin/env bash
# install-test.sh FOLDER: install, start, use, install again, and take away, in a fresh Debian root,
# with what is in FOLDER (dist). Without systemd: the launcher is started by hand.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."
folder=$(realpath "$1")
not_run() {
  fact "NOT RUN: the installation in a fresh Debian root, because $*"
  exit 0
}
[ "$(id -u)" -eq 0 ] || not_run "this user is not root"
have dpkg-deb || not_run "dpkg is not here"
have chroot || not_run "chroot is not here"

place=$(mktemp -d)
root=$place/root
launcher=
cleanup() {
  [ -z "$launcher" ] || kill -TERM "$launcher" 2>/dev/null || true
  sleep 1
  umount "$root/proc" 2>/dev/null || true
  rm -rf --one-file-system "$place"
}
trap cleanup EXIT
mkdir "$root"
if have debootstrap && debootstrap --variant=minbase stable "$root" >"$place/debootstrap.log" 2>&1; then
  fact "a root made by debootstrap"
else
  # The machine's own packages: what a minimal Debian has, unpacked by name.
  rm -rf "$root" && mkdir "$root"
  have apt-get || not_run "there is neither debootstrap nor apt-get"
  (mkdir -p "$place/debs" && cd "$place/debs" &&
    apt-get download -q base-files base-passwd bash coreutils dash dpkg grep gzip libacl1 libattr1 \
      libaudit1 libbz2-1.0 libc6 libcap-ng0 libcrypt1 libgcc-s1 libgmp10 liblzma5 libmd0 libpam0g \
      libpam-modules libpcre2-8-0 libselinux1 libsemanage2 libsepol2 libtinfo6 libzstd1 login mount passwd sed tar \
      util-linux zlib1g curl >/dev/null 2>"$place/apt.log") ||
    not_run "Debian's packages cannot be had: $(tail -n 1 "$place/apt.log")"
  for deb in "$place"/debs/*.deb; do dpkg-deb -x "$deb" "$root"; done
  for dir in bin sbin lib lib64; do
    [ -L "$root/$dir" ] || [ ! -d "$root/$dir" ] || { cp -a "$root/$dir/." "$root/usr/$dir/" && rm -rf "${root:?}/$dir"; }
    [ -e "$root/$dir" ] || ln -s "usr/$dir" "$root/$dir"
  done
  mkdir -p "$root"/{proc,tmp,etc,var/lib/dpkg/info,var/lib/dpkg/updates,run,root}
  cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
  cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
  : >"$root/var/lib/dpkg/status"
  fact "a root of $(ls "$place/debs" | wc -l) of Debian's packages, without debootstrap"
fi
mkdir -p "$root/proc"
mount -t proc proc "$root/proc" || not_run "nothing can be mounted here"
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

# try HOW: installs, starts, asks, installs again, and takes away.
try() {
  local how=$1
  cp "$folder/indusmind-installer" "$root/tmp/"
  cp "$folder"/indusmind_*.deb "$root/tmp/indusmind.deb"
  local install=(/tmp/indusmind-installer install) remove=(indusmind uninstall)
  if [ "$how" = deb ]; then
    install=(dpkg --force-depends -i /tmp/indusmind.deb)
    remove=(dpkg -r indusmind)
  fi
  inside "${install[@]}" >"$place/$how.log" 2>&1 || { cat "$place/$how.log"; stop "$how: it does not install"; }
  inside "${install[@]}" >"$place/$how-again.log" 2>&1 || { cat "$place/$how-again.log"; stop "$how: it does not install twice"; }
  inside id indusmind >/dev/null || stop "$how: the user was not made"
  [ "$(inside stat -c %U /var/lib/indusmind)" = indusmind ] || stop "$how: the home belongs to somebody else"
  inside indusmind --version | grep -q indusmind || stop "$how: the command does not run"
  local port=18443
  chroot --userspec=indusmind:indusmind "$root" /usr/bin/env -i INDUSMIND_LISTEN=127.0.0.1:$port \
    /usr/lib/indusmind/launcher start -- run --config /etc/indusmind/config.toml >"$place/$how.console" 2>&1 &
  launcher=$!
  for _ in $(seq 300); do
    curl -fs "http://127.0.0.1:$port/health" >/dev/null 2>&1 && break
    kill -0 "$launcher" 2>/dev/null || break
    sleep 0.1
  done
  curl -fs "http://127.0.0.1:$port/health" >"$place/health" ||
    { cat "$place/$how.console"; stop "$how: the appliance does not answer"; }
  grep -q 'Open http' "$place/$how.console" || stop "$how: the console names no first page"
  kill -TERM "$launcher"
  wait "$launcher" || stop "$how: the launcher did not stop cleanly"
  launcher=
  [ -s "$root/var/lib/indusmind/data/1/indusmind.redb" ] || stop "$how: there is no data"
  inside indusmind check >"$place/$how.check" 2>&1 || { cat "$place/$how.check"; stop "$how: the data is not sound"; }
  inside "${remove[@]}" >"$place/$how.gone" 2>&1 || { cat "$place/$how.gone"; stop "$how: it cannot be taken away"; }
  grep -q /var/lib/indusmind "$place/$how.gone" || stop "$how: it does not say where the data stays"
  [ ! -e "$root/usr/bin/indusmind" ] || stop "$how: the command is left"
  [ -s "$root/var/lib/indusmind/data/1/indusmind.redb" ] || stop "$how: the data is gone"
  fact "$how: installed twice, served, stopped, checked, taken away; the data stays"
}
try installer
try deb
