# Sourced by the other scripts: how they speak.

# The name of a step, on a line of its own.
step() { printf '\n== %s\n' "$*"; }

# A fact below a step.
fact() { printf '   %s\n' "$*"; }

# What went wrong and what to do about it; ends the script.
stop() {
  printf '\nSTOPPED: %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Installs Debian packages when this user may; fails when not.
debian_install() {
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    have sudo && sudo -n true 2>/dev/null || return 1
    root=(sudo -n)
  fi
  have apt-get || return 1
  fact "installing $* with apt-get"
  "${root[@]}" apt-get update -q >/dev/null &&
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >/dev/null
}
