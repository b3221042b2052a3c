#!/usr/bin/env bash
# prove-static.sh BINARY: the binary that ships needs nothing but the kernel. It is linked
# statically and position-independent, stripped and small, and it serves from an empty chroot.
set -euo pipefail
. "$(dirname "$0")/say.sh"
binary=$(realpath "$1")
# 30 MB were promised of the first appliance; reports in three languages may bring it to 60 MB, which is
# the bound. The proof prints how much of it is used.
most_bytes=60000000

said=$(file -b "$binary")
fact "file: $said"
case $said in
  *"static-pie linked"*) ;;
  *) stop "The binary is not static-pie linked. Is RUSTFLAGS set? See .cargo/config.toml." ;;
esac
case $said in
  *"not stripped"*) stop "The binary still holds its symbols; the profile dist strips them." ;;
esac

said=$(ldd "$binary" 2>&1 || true)
fact "ldd: ${said#"${said%%[![:space:]]*}"}"
case $said in
  *"statically linked"* | *"not a dynamic executable"*) ;;
  *) stop "ldd finds shared libraries in the binary." ;;
esac

bytes=$(stat -c %s "$binary")
fact "size: $bytes bytes of at most $most_bytes"
[ "$bytes" -le "$most_bytes" ] || stop "The binary is larger than $most_bytes bytes."

version=$("$binary" --version)
fact "--version: $version"
case $version in
  *static*) ;;
  *) stop "--version does not say that the binary is static." ;;
esac

# An empty root: the binary and an empty data directory. No /dev, no /etc, no /proc, no library.
place=$(mktemp -d)
server=
cleanup() {
  [ -z "$server" ] || kill -KILL "$server" 2>/dev/null || true
  rm -rf "$place"
}
trap cleanup EXIT
mkdir -p "$place/root/data"
cp "$binary" "$place/root/indusmind"
enter=(chroot)
[ "$(id -u)" -eq 0 ] || enter=(unshare --map-root-user chroot)
env -i PATH="$PATH" "${enter[@]}" "$place/root" \
  /indusmind run --data-dir /data --listen 127.0.0.1:0 \
  >"$place/console" 2>"$place/errors" &
server=$!

# console PATTERN: waits for a line of the console and prints what the pattern holds.
console() {
  local found
  for _ in $(seq 300); do
    found=$(sed -n "s/$1/\1/p" "$place/console" | head -n 1)
    if [ -n "$found" ]; then
      printf '%s' "$found"
      return 0
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  cat "$place/console" "$place/errors" >&2
  stop "The binary did not come up in an empty chroot: no line like '$1'."
}
address=$(console '.*Listening on \(http:[^ ]*\).*')
token=$(console '.*Set-up token: *\([A-Z0-9-]*\).*')

# request NAME CURL-ARGUMENTS...: fails unless the server answers with success.
request() {
  local name=$1
  shift
  curl --silent --show-error --fail-with-body --max-time 30 --noproxy '*' "$@" >"$place/answer" || {
    cat "$place/answer" >&2
    stop "$name failed in the empty chroot."
  }
  fact "$name: answered"
}
request "GET /health" "$address/health"
request "GET / (the page)" "$address/"
request "POST /api/setup" "$address/api/setup" -H 'Content-Type: application/json' -d '{
  "token": "'"$token"'",
  "site": {"name": "Empty root", "time_zone": "Africa/Tunis", "currency": "TND"},
  "administrator": {"email": "a@example.org", "name": "A", "password": "Empty-root-2026"}}'
request "POST /api/auth/login" "$address/api/auth/login" -H 'Content-Type: application/json' \
  -d '{"email": "a@example.org", "password": "Empty-root-2026"}'

kill -TERM "$server"
for _ in $(seq 100); do
  kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
if kill -0 "$server" 2>/dev/null; then
  stop "The binary is still running 10 s after SIGTERM."
fi
status=0
wait "$server" || status=$?
server=
[ "$status" -eq 0 ] || {
  cat "$place/console" "$place/errors" >&2
  stop "The binary ended with code $status after SIGTERM."
}
fact "SIGTERM: ended cleanly"
[ -s "$place/root/data/indusmind.redb" ] || stop "There is no data file after the run."
fact "the empty chroot is proved"
