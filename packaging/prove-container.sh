#!/usr/bin/env bash
# prove-container.sh BINARY: the image of packaging/Containerfile is built with podman, started, asked,
# stopped in order, and a new container goes on with what lies in the volume.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."
binary=$(realpath "$1")
not_run() { fact "NOT RUN: the container, because $*"; exit 0; }
have podman || debian_install podman runc || not_run "podman cannot be had here: apt-get install podman runc"
packaging/need.sh python3 curl
place=$(mktemp -d)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# A place of its own: images and containers of this machine are left alone.
pod=(podman --root "$place/root" --runroot "$place/run" --storage-driver vfs --cgroup-manager cgroupfs
  --events-backend file)
tidy() {
  "${pod[@]}" rm -f -a >/dev/null 2>&1 || true
  "${pod[@]}" volume rm -a -f >/dev/null 2>&1 || true
  rm -rf --one-file-system "$place"
}
trap tidy EXIT
mkdir -p "$place/context/dist" "$place/context/packaging"
cp "$binary" "$place/context/dist/indusmind"
cp packaging/Containerfile "$place/context/packaging/"
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$place/policy.json"
"${pod[@]}" build --isolation chroot --signature-policy "$place/policy.json" -q \
  -f "$place/context/packaging/Containerfile" -t indusmind "$place/context" >"$place/build" 2>&1 ||
  { tail "$place/build" >&2; stop "the image cannot be built"; }
fact "the image: $("${pod[@]}" images --format '{{.Size}}' | head -n 1)"

# run NAME: a container of this name on the volume. The network of the machine, because one of its
# own may not be had; the address is of this machine alone.
run() {
  "${pod[@]}" "${runtime[@]}" run -d --name "$1" --network host --ulimit nofile=4096:4096 --ulimit nproc=2048:2048 \
    -e "INDUSMIND_LISTEN=127.0.0.1:$port" -v data:/var/lib/indusmind indusmind
}
runtime=()
if ! run first >"$place/said" 2>&1; then
  # Where the groups of processes are of the older kind, only runc knows its way.
  "${pod[@]}" rm -f first >/dev/null 2>&1 || true
  runtime=(--runtime runc)
  have runc && run first >"$place/said" 2>&1 || not_run "this machine starts no containers: $(tail -n 1 "$place/said")"
fi
up() {
  for _ in $(seq 200); do
    curl -sf "http://127.0.0.1:$port/health" >"$place/health" && return
    sleep 0.1
  done
  "${pod[@]}" logs "$1" >&2
  stop "the container $1 does not answer"
}
up first
fact "it answers: $(cut -c 1-21 "$place/health")"
token=$("${pod[@]}" logs first 2>&1 | sed -n 's/^Set-up token: //p')
curl -sf -X POST "http://127.0.0.1:$port/api/setup" -H 'Content-Type: application/json' -o /dev/null -d '{
  "token": "'"$token"'",
  "site": {"name": "Sfax", "time_zone": "Africa/Tunis", "currency": "TND", "price_per_kwh": "0.291"},
  "administrator": {"email": "a@plant.example", "name": "A", "password": "Long-enough-77"}}' ||
  stop "it cannot be set up"
"${pod[@]}" stop -t 10 first >/dev/null
[ "$("${pod[@]}" inspect first --format '{{.State.ExitCode}}')" = 0 ] || stop "it did not stop in order"
"${pod[@]}" logs first 2>&1 | grep -q "everything is on disk" || stop "it did not say that everything is on disk"
"${pod[@]}" rm first >/dev/null
fact "it was set up, and stopped in order when it was told to"
run second >/dev/null
up second
[ "$(curl -s -o /dev/null -w '%{http_code}' -X POST "http://127.0.0.1:$port/api/auth/login" \
  -H 'Content-Type: application/json' -d '{"email": "a@plant.example", "password": "Long-enough-77"}')" = 200 ] ||
  stop "the data of the volume are not there"
fact "a new container goes on with the data of the volume"
