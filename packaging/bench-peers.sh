#!/usr/bin/env bash
# bench-peers.sh FOLDER: puts the servers beside which the benches measure into FOLDER: Debian's
# own packages, unpacked there, so that nothing is installed and no root is needed.
set -euo pipefail
. "$(dirname "$0")/say.sh"
folder=$1

# peer PACKAGE PROGRAM: one of them, unless it is here.
peer() {
  if [ -x "$folder/usr/bin/$2" ]; then
    fact "$1 is here: $folder/usr/bin/$2"
    return
  fi
  have apt-get && have dpkg-deb ||
    stop "$1 is missing, and this is no Debian to get its package from. Put the program into $folder/usr/bin/$2."
  (cd "$folder" && apt-get download -q "$1") ||
    stop "$1 cannot be had from Debian's packages. Run apt-get update, or put the program into $folder/usr/bin/$2."
  dpkg-deb -x "$folder/$1"_*.deb "$folder"
  fact "$1 unpacked from $(basename "$folder/$1"_*.deb)"
}

mkdir -p "$folder"
peer influxdb influxd
peer victoria-metrics victoria-metrics
