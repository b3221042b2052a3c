#!/usr/bin/env bash
# prove-alone.sh BINARY: browser journeys in a network of its own without a route, with every address
# noted that the appliance connects or sends to: none may be of another machine.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."
binary=$(realpath "$1")
journeys=${JOURNEYS:-first-run demo history}
[ "$(id -u)" -eq 0 ] && unshare --net true 2>/dev/null || {
  fact "NOT RUN: the journeys without a network, because no network of its own can be made here"
  exit 0
}
packaging/need.sh python3 strace node chromium
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
# As a grandchild, so that who stops the binary stops the binary.
cat >"$place/indusmind" <<WRAPPER
#!/bin/sh
exec strace -D -f -qq -e trace=connect,sendto,sendmsg,sendmmsg -e signal=none -o "$place/calls.\$\$" "$binary" "\$@"
WRAPPER
chmod +x "$place/indusmind"

# foreign FILE...: the addresses in the calls that are not of this machine.
foreign() { grep -hoE 'sin6?_addr=inet_(addr\("[^"]*"|pton\(AF_INET6, "[^"]*")' "$@" | grep -oE '"[^"]*"' |
  grep -vE '^"(127\.[0-9.]*|::1|::ffff:127\.[0-9.]*|0\.0\.0\.0|::)"$' | sort | uniq -c || true; }

# What is not noted would not be found: a program that does call out must be.
unshare --net sh -c 'ip link set lo up; strace -f -qq -e trace=connect,sendto -o "$1" python3 -c "
import socket
try: socket.create_connection((\"192.0.2.1\", 80), 1)
except OSError: pass"' sh "$place/control"
[ -n "$(foreign "$place/control")" ] || stop "a program that calls out was not noticed: this proof proves nothing"

for name in $journeys; do
  unshare --net sh -c 'ip link set lo up && exec packaging/journeys.sh "$@"' sh "$place/indusmind" "tests/e2e/journeys/$name.test.mjs" \
    >"$place/$name.log" 2>&1 || { tail -60 "$place/$name.log" >&2; stop "the journey $name does not go well without a network"; }
  fact "$name: $(grep -E '^. pass' "$place/$name.log" | tail -1 | tr -d 'ℹ') without a route"
done
found=$(foreign "$place"/calls.*)
[ -z "$found" ] || { printf '%s\n' "$found" >&2; stop "the appliance called other machines"; }
fact "$(cat "$place"/calls.* | grep -cE 'AF_INET') calls to addresses, none of another machine"
