#!/usr/bin/env bash
# prove-name.sh BINARY: three machines on a network of their own (network namespaces on a bridge). The
# appliance is found by its name, a second one gets another, and the end is announced.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."
binary=$(realpath "$1")
{ [ "$(id -u)" -eq 0 ] && have ip && unshare --net ip link add name try type bridge 2>/dev/null; } || {
  fact "NOT RUN: the name in the network, because no network of its own can be made here"
  exit 0
}
packaging/need.sh python3 curl
place=$(mktemp -d)
mark=imname$$
pids=()
tidy() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  for name in one two three bridge; do ip netns del "$mark-$name" 2>/dev/null || true; done
  rm -rf "$place"
}
trap tidy EXIT

ip netns add "$mark-bridge"
ip -n "$mark-bridge" link add br0 type bridge
ip -n "$mark-bridge" link set br0 up
number=1
for name in one two three; do
  ip netns add "$mark-$name"
  ip link add "v$number$$" type veth peer name "p$number$$"
  ip link set "v$number$$" netns "$mark-$name" name lan
  ip link set "p$number$$" netns "$mark-bridge"
  ip -n "$mark-bridge" link set "p$number$$" master br0 up
  ip -n "$mark-$name" link set lo up
  ip -n "$mark-$name" addr add "10.77.0.$number/24" dev lan
  ip -n "$mark-$name" link set lan up
  number=$((number + 1))
done
at() { local name=$1; shift; ip netns exec "$mark-$name" "$@"; }
ask() { at two python3 packaging/prove/name.py "$@" 10.77.0.2; }

# start NAME: an appliance there, up to its first line about where it is.
start() {
  : >"$place/$1.out"
  # Not by `at`: a function would be a shell around it, and its number not that of the appliance.
  ip netns exec "$mark-$1" "$binary" run --data-dir "$place/$1" --listen 0.0.0.0:8443 \
    >"$place/$1.out" 2>"$place/$1.log" &
  pids+=($!)
  eval "pid_$1=$!"
  for _ in $(seq 300); do grep -q "Data in" "$place/$1.out" && return; sleep 0.1; done
  tail "$place/$1.log" >&2
  stop "the appliance did not start"
}

start one
grep -q "https://indusmind.local:8443" "$place/one.out" || stop "the console does not say the name"
[ "$(ask ask indusmind.local)" = 10.77.0.1 ] || stop "the name does not lead to the appliance"
[ "$(ask legacy indusmind.local)" = 10.77.0.1 ] || stop "a legacy asker is not answered"
fact "found as indusmind.local by multicast, and by an asker with a port of its own"
to="--resolve indusmind.local:8443:10.77.0.1"
at two curl -sS -o "$place/ca.pem" http://10.77.0.1:8443/ca.crt
# The authority is of this run; the name has to be in what it vouches for.
# shellcheck disable=SC2086
[ "$(at two curl -sS --cacert "$place/ca.pem" $to -o /dev/null -w '%{http_code}' https://indusmind.local:8443/health)" = 200 ] ||
  stop "the certificate or the page does not know the name"
fact "its certificate is good for the name, and the page answers to it"

start three
for _ in $(seq 100); do grep -q "indusmind-2.local" "$place/three.log" && break; sleep 0.1; done
grep -q "indusmind-2.local" "$place/three.log" || stop "the second appliance did not take another name"
[ "$(ask ask indusmind-2.local)" = 10.77.0.3 ] || stop "the other name does not lead to the second appliance"
[ "$(ask ask indusmind.local)" = 10.77.0.1 ] || stop "the first appliance lost its name"
[ "$(at two curl -sk -o /dev/null -w '%{http_code}' --resolve indusmind-2.local:8443:10.77.0.3 https://indusmind-2.local:8443/health)" = 200 ] ||
  stop "the second appliance does not answer to its name"
fact "a second one is indusmind-2.local, and the first keeps its name"

at two python3 packaging/prove/name.py goodbye indusmind.local 20 10.77.0.2 >"$place/bye" &
bye=$!
for _ in $(seq 50); do grep -q listening "$place/bye" && break; sleep 0.1; done
# shellcheck disable=SC2154
kill -TERM "$pid_one"
wait "$bye" || stop "the end was not announced"
fact "its end was announced"
[ -z "$(at bridge cat /proc/net/route | sed 1d)" ] || stop "the bridge has a route"
