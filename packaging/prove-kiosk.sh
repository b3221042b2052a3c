#!/usr/bin/env bash
# prove-kiosk.sh BINARY [PICTURE]: the kiosk session as packaging/kiosk starts it, by a user who may do
# nothing, with cage on a screen in memory (cage draws it as a window of Xvfb): it is let in, outlives a restart of the appliance and one of
# its own. PICTURE: where what it shows is kept.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."
binary=$(realpath "$1") picture=${2:-}
not_run() { fact "NOT RUN: the kiosk session, because $*"; exit 0; }
[ "$(id -u)" -eq 0 ] || not_run "only root may start it as another user"
{ have cage && have grim && have Xwayland && have Xvfb; } || debian_install cage grim xwayland xvfb ||
  not_run "cage cannot be had here: apt-get install cage grim xwayland xvfb"
packaging/need.sh python3 curl node chromium
browser=$(packaging/chromium.sh)
place=$(mktemp -d)
chmod 755 "$place"
nobody=65534
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port) debug=$(free_port) display=$((RANDOM % 500 + 100))
appliance='' session='' screen=''
end_session() {
  [ -n "$session" ] && kill -- "-$session" 2>/dev/null || true
  for _ in $(seq 50); do kill -0 -- "-$session" 2>/dev/null || break; sleep 0.1; done
  kill -KILL -- "-$session" 2>/dev/null || true
}
tidy() {
  end_session
  for pid in $appliance $screen; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf --one-file-system "$place"
}
trap tidy EXIT

start_appliance() {
  "$binary" demo --data-dir "$place/data" --listen "127.0.0.1:$port" >"$place/appliance" 2>"$place/log" &
  appliance=$!
  for _ in $(seq 600); do grep -q "Press Ctrl-C" "$place/appliance" && return; sleep 0.1; done
  tail "$place/log" >&2
  stop "the appliance does not start"
}
# The browser of a root that has no sandbox for users, and a door through which it is looked at.
mkdir "$place/bin"
install -d -o "$nobody" -m 700 "$place/home" "$place/run"
cat >"$place/bin/chromium" <<WRAPPER
#!/bin/sh
exec "$browser" --no-sandbox --disable-gpu --disable-dev-shm-usage --remote-debugging-port=$debug "\$@"
WRAPPER
# A screen that exists in memory only; the headless one of wlroots needs a graphics card to draw.
cat >"$place/bin/cage" <<WRAPPER
#!/bin/sh
DISPLAY=:$display exec "$(command -v cage)" "\$@"
WRAPPER
chmod 755 "$place/bin/chromium" "$place/bin/cage"
Xvfb ":$display" -screen 0 1920x1080x24 >/dev/null 2>&1 &
screen=$!
session_env=(env -u DISPLAY -u WAYLAND_DISPLAY "PATH=$place/bin:$PATH" "HOME=$place/home" "XDG_RUNTIME_DIR=$place/run")
start_session() {
  setsid setpriv --reuid "$nobody" --regid "$nobody" --clear-groups --no-new-privs "${session_env[@]}" \
    WLR_BACKENDS=x11 WLR_RENDERER=pixman \
    "INDUSMIND_KIOSK_URL=http://127.0.0.1:$port/kiosk" packaging/kiosk/indusmind-kiosk >"$place/session" 2>&1 &
  session=$!
  # How cage ends is not told: it aborts when its browser goes first.
  disown
  for _ in $(seq 600); do curl -sf "http://127.0.0.1:$debug/json/version" >/dev/null && return; sleep 0.1; done
  tail -20 "$place/session" >&2
  stop "the session does not start a browser"
}
look() { node packaging/prove/kiosk.mjs "$port" "$debug" "$email" "$password" "$1" || { tail "$place/session" >&2; stop "$2"; }; }

start_appliance
email=$(sed -n 's/.*E-mail: *//p' "$place/appliance" | head -n 1)
password=$(sed -n 's/.*Password: *//p' "$place/appliance" | head -n 1)
start_session
size=$(look let-in "the session shows no page that can be let in")
fact "the session shows the page, is let in, and fills the screen: $size"
kill -TERM "$appliance" && wait "$appliance" || true
start_appliance
look still-in "after a restart of the appliance the screen is not back" >/dev/null
fact "after a restart of the appliance it is back by itself"
end_session
start_session
look still-in "a new session of the same user has to be let in again" >/dev/null
fact "a session that starts anew is in without a code"
if [ -n "$picture" ]; then
  sleep 3
  "${session_env[@]}" WAYLAND_DISPLAY=wayland-0 setpriv --reuid "$nobody" --regid "$nobody" --clear-groups \
    grim "$place/run/screen.png" && cp "$place/run/screen.png" "$picture" && fact "what the screen shows: $picture"
fi
