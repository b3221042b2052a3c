#!/usr/bin/env bash
# versions.sh DIST FOLDER: puts what is in DIST into FOLDER, and a newer version of it: the same
# program with other bytes, as a package and as an installer.
set -euo pipefail
dist=$1 folder=$2
cp "$dist"/indusmind_*.deb "$folder/indusmind.deb"
cp "$dist/indusmind-installer" "$dist/indusmind" "$folder/"
newer=$folder/newer
dpkg-deb -R "$folder/indusmind.deb" "$newer"
printf newer >>"$newer/usr/lib/indusmind/indusmind"
sed -i 's/^Version: .*/&+newer/' "$newer/DEBIAN/control"
dpkg-deb --root-owner-group -Zgzip -z1 --build "$newer" "$folder/newer.deb" >/dev/null
"$newer/usr/lib/indusmind/indusmind" installer --launcher "$dist/indusmind-launcher" \
  --out "$folder/newer-installer" >/dev/null
chmod 755 "$folder/newer-installer"
rm -rf "$newer"
