#!/usr/bin/env bash
# schemathesis.sh BINARY: asks every route of the API document with made-up and broken requests, as
# each role and as nobody, each against a demo of this binary of its own: what one changes does not
# meet the next. Any answer of 500 or above that the contract does not want (fuzz_checks.py), and any
# status that the document does not name, is a failure.
#
# FUZZ_EXAMPLES=n       requests per route and role (default 20)
# FUZZ_SCENARIOS=n      chains of requests per role, each with what the last one gave (default 400)
# FUZZ_ROLES="a b"      only these (default: every role, and nobody)
# FUZZ_KEEP=folder      keeps the reports and logs there
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."
binary=$(realpath "$1")
examples=${FUZZ_EXAMPLES:-20}
scenarios=${FUZZ_SCENARIOS:-400}
roles=${FUZZ_ROLES:-admin energy_manager technician operator viewer customer nobody}
packaging/need.sh python3 curl

# schemathesis lives in an environment of its own, made anew when its version changes.
wanted=schemathesis==4.32.5
python=${CARGO_TARGET_DIR:-target}/fuzz-python
if [ "$(cat "$python/made-from" 2>/dev/null)" != "$wanted" ]; then
  rm -rf "$python"
  python3 -m venv "$python" || stop "Python cannot make an environment. Run: sudo apt-get install python3-venv"
  "$python/bin/pip" install --quiet --disable-pip-version-check "$wanted" ||
    stop "pip could not install $wanted: is the Python package index reachable?"
  echo "$wanted" >"$python/made-from"
fi
st=$(realpath "$python/bin")/st

room=$(mktemp -d)
pid=
# Ends the demo that runs; what it stored is on disk then.
end_demo() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
  [ -z "$pid" ] || wait "$pid" 2>/dev/null || true
  pid=
}
end() {
  end_demo
  [ -z "${FUZZ_KEEP:-}" ] || cp -r "$room"/*.log "$room"/*.json "$room"/*.out "$FUZZ_KEEP"/ 2>/dev/null || true
  rm -rf "$room"
}
trap end EXIT

# The limits would answer 429 to nearly everything; they have tests of their own.
cat >"$room/boot.toml" <<'BOOT'
[limits]
login_per_minute = 100000
reset_per_hour = 100000
session_per_minute = 100000
api_per_minute = 100000
api_burst = 100000
kiosk_per_minute = 100000
upload_per_minute = 100000
export_per_minute = 100000
search_per_minute = 100000
write_per_minute = 100000
BOOT
# It reads this where it runs.
cat >"$room/schemathesis.toml" <<LIMITS
generation.max-examples = $examples
[phases.stateful]
generation.max-examples = $scenarios
LIMITS
# start_demo NAME: a demo on the data directory of this name; its port is in $port.
start_demo() {
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  "$binary" demo --data-dir "$room/data-$1" --listen "127.0.0.1:$port" --config "$room/boot.toml" \
    >"$room/$1.out" 2>&1 &
  pid=$!
  for _ in $(seq 240); do
    grep -q 'Ctrl-C' "$room/$1.out" && curl -sf "http://127.0.0.1:$port/health" >/dev/null && return
    kill -0 "$pid" 2>/dev/null || stop "the demo ended: $(tail -5 "$room/$1.out")"
    sleep 0.5
  done
  stop "the demo did not start within two minutes: $(tail -5 "$room/$1.out")"
}

# Its history is written once; every other demo begins with a copy.
start_demo first
end_demo
"$binary" openapi >"$room/openapi.json"

# Every check, but two. not_a_server_error is no_server_error of fuzz_checks.py, which knows the one
# route that may say 503. positive_data_acceptance asks that whatever fits the schema is accepted: an
# appliance refuses as well what means nothing (a site that is not there, an end before its start, a
# second answer to one alert), which no schema can say.
left_out=not_a_server_error,positive_data_acceptance
# What ends the session that asks, or asks the plant's network for minutes, is left out. One worker:
# the parser of Python 3.11 and 3.12.1 fails when two threads use it at once (gh-106905).
failed=
calls=0
for role in $roles; do
  cp -r "$room/data-first" "$room/data-$role"
  start_demo "$role"
  python3 packaging/fuzz_users.py "http://127.0.0.1:$port" "$room/data-$role/demo-login.txt" "$room" "$role"
  headers=() self= token=
  if [ "$role" != nobody ]; then
    token=$(cat "$room/$role.token")
    headers=(-H "Authorization: Bearer $token")
    self=$(cat "$room/$role.id")
  fi
  echo "== $role"
  checks=$(realpath packaging/fuzz_checks.py)
  # It keeps notes of its own where it runs.
  mkdir -p "$room/stick"
  (cd "$room" && FUZZ_SELF=$self FUZZ_URL=http://127.0.0.1:$port FUZZ_TOKEN=$token \
    FUZZ_EMAIL=$role@fuzz.example FUZZ_PASSWORD=$(cat "$room/password") FUZZ_FOLDER=$room/stick \
    FUZZ_TALLY=$room/$role.tally.json SCHEMATHESIS_HOOKS=$checks "$st" run "$room/openapi.json" \
    --url "http://127.0.0.1:$port/api" "${headers[@]}" \
    --checks all --exclude-checks "$left_out" --phases examples,coverage,fuzzing,stateful \
    --seed 20261121 --no-shrink --suppress-health-check all \
    --warnings off --continue-on-failure --request-timeout 60 --workers 1 \
    --exclude-path /auth/logout --exclude-name 'DELETE /sessions' --exclude-name 'DELETE /sessions/{id}' \
    --exclude-path /modbus/scan --exclude-path /modbus/test-read \
    --report json --report-json-path "$room/$role.json") \
    >"$room/$role.log" 2>&1 || failed="$failed $role"
  tail -40 "$room/$role.log"
  kill -0 "$pid" 2>/dev/null || stop "the appliance ended while $role asked: $(tail -20 "$room/$role.out")"
  # Whoever lost his session on the way was answered 401 from then on, which proves nothing.
  [ "$role" = nobody ] || curl -sf "${headers[@]}" "http://127.0.0.1:$port/api/auth/me" >/dev/null ||
    stop "the session of $role ended while it asked: what came after was asked by nobody."
  python3 packaging/fuzz_reached.py "$role" "$room/$role.tally.json" || failed="$failed $role"
  made=$(sed -n 's/^ *\([0-9]*\) generated.*/\1/p' "$room/$role.log" | tail -1)
  calls=$((calls + ${made:-0}))
  end_demo
  rm -rf "$room/data-$role"
done
fact "$calls requests as:$(printf ' %s' $roles)"
[ -z "$failed" ] || stop "schemathesis found answers that the document does not promise, as$failed."
[ -n "${FUZZ_ROLES:-}${FUZZ_EXAMPLES:-}" ] || [ "$calls" -ge 20000 ] ||
  stop "$calls requests are too few to say anything: 20,000 at least."
