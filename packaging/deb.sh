#!/usr/bin/env bash
# deb.sh BINARY LAUNCHER FOLDER: makes the Debian package into FOLDER, without network and without
# root, and looks it over as lintian would for what matters here.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."
binary=$1 launcher=$2 folder=$3
have dpkg-deb || stop "dpkg-deb is missing. Install it: apt-get install dpkg"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# The package of this version; the part behind the dash counts packages of the same program.
release=$version-1
name=indusmind_${release}_amd64
made=$(git log -1 --format=%ct 2>/dev/null || echo 0)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
umask 022
chmod 755 "$tree"

put() { install -D -m "$1" "$2" "$tree/$3"; }
put 755 "$binary" usr/lib/indusmind/indusmind
put 755 "$launcher" usr/lib/indusmind/launcher
put 644 assets/install/indusmind.service usr/lib/systemd/system/indusmind.service
put 644 assets/install/config.toml etc/indusmind/config.toml
put 644 assets/install/indusmind.desktop usr/share/applications/indusmind.desktop
put 644 frontend-dist/favicon.svg usr/share/icons/hicolor/scalable/apps/indusmind.svg
put 644 docs/operating.md usr/share/doc/indusmind/operating.md
put 644 packaging/kiosk/README.md usr/share/doc/indusmind/kiosk/README.md
put 755 packaging/kiosk/indusmind-kiosk usr/share/doc/indusmind/kiosk/indusmind-kiosk
put 644 packaging/kiosk/indusmind-kiosk.service usr/share/doc/indusmind/kiosk/indusmind-kiosk.service
mkdir -p "$tree/usr/bin"
ln -s ../lib/indusmind/launcher "$tree/usr/bin/indusmind"
gzip -9nc CHANGELOG.md >"$tree/usr/share/doc/indusmind/changelog.gz"
put 644 packaging/deb/indusmind.1 usr/share/man/man1/indusmind.1
gzip -9n "$tree/usr/share/man/man1/indusmind.1"
gzip -9nc >"$tree/usr/share/doc/indusmind/changelog.Debian.gz" <<CHANGES
indusmind ($release) stable; urgency=medium

  * What changed is in changelog.gz.

 -- Indusmind <packages@indusmind.invalid>  $(date -R -u -d "@$made")
CHANGES
cat >"$tree/usr/share/doc/indusmind/copyright" <<'COPYRIGHT'
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: indusmind

Files: *
Copyright: 2026 the authors of Indusmind
License: Apache-2.0
 On Debian systems the text of the license is in /usr/share/common-licenses/Apache-2.0.
COPYRIGHT

mkdir "$tree/DEBIAN"
cat >"$tree/DEBIAN/control" <<CONTROL
Package: indusmind
Version: $release
Architecture: amd64
Maintainer: Indusmind <packages@indusmind.invalid>
Installed-Size: $(du -sk "$tree" | cut -f1)
Depends: passwd
Suggests: xdg-utils
Section: net
Priority: optional
Description: energy monitoring for a factory
 Reads meters over Modbus and MQTT, keeps years of readings on this
 machine, and serves a page for the control room. Needs no database,
 no runtime and no internet.
CONTROL
echo /etc/indusmind/config.toml >"$tree/DEBIAN/conffiles"
for script in postinst prerm postrm; do
  install -m 755 "packaging/deb/$script" "$tree/DEBIAN/$script"
done
(cd "$tree" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"

mkdir -p "$folder"
SOURCE_DATE_EPOCH=$made \
  dpkg-deb --root-owner-group -Zxz --build "$tree" "$folder/$name.deb" >/dev/null

# What a careless change would break.
package=$folder/$name.deb
listed=$(dpkg-deb --contents "$package")
grep -q ' root/root ' <<<"$listed" || stop "the files of the package do not belong to root"
! awk '{print $1}' <<<"$listed" | grep -qE '^-.{7}w' || stop "the package holds files that everybody may write"
for path in usr/lib/indusmind/launcher usr/lib/indusmind/indusmind usr/bin/indusmind \
  usr/lib/systemd/system/indusmind.service etc/indusmind/config.toml \
  usr/share/doc/indusmind/copyright usr/share/doc/indusmind/changelog.gz \
  usr/share/doc/indusmind/changelog.Debian.gz usr/share/man/man1/indusmind.1.gz; do
  grep -q " \./$path" <<<"$listed" || stop "the package lacks /$path"
done
! grep -qE ' \./(var|home|tmp|usr/local)/.' <<<"$listed" || stop "the package holds files where it must not"
grep -q '^drwxr-xr-x root/root .* \./$' <<<"$listed" || stop "the package would close the root of the machine"
if have lintian; then
  # A static program depends on no library, which lintian takes for a mistake; the browser of the
  # desktop is recommended, not needed.
  found=$(lintian --suppress-tags shared-library-lacks-prerequisites,desktop-command-not-in-package,initial-upload-closes-no-bugs \
    --fail-on none "$folder/$name.deb" 2>/dev/null) || true
  [ -z "$found" ] || stop "lintian says: $found"
  fact "lintian has nothing to say"
fi
for script in postinst prerm postrm; do sh -n "packaging/deb/$script"; done
fact "$package: $(stat -c %s "$package") bytes"
