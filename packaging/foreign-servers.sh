#!/usr/bin/env bash
# foreign-servers.sh FOLDER: Modbus servers that are not ours, for the tests: pymodbus in an
# environment of its own, and one over Debian's libmodbus. What is there and current is kept.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."
folder=$1
sources=tests/modbus/foreign
mkdir -p "$folder"

packaging/need.sh python3
list=$sources/requirements.txt
python=$folder/python
if ! cmp -s "$list" "$python/made-from"; then
  rm -rf "$python"
  python3 -m venv "$python" 2>/dev/null || {
    rm -rf "$python"
    debian_install python3-venv && python3 -m venv "$python" ||
      stop "Python cannot make an environment. Run: sudo apt-get install python3-venv"
  }
  "$python/bin/pip" install --quiet --disable-pip-version-check -r "$list" ||
    stop "pip could not install $(tr '\n' ' ' <"$list"): is the Python package index reachable?"
  cp "$list" "$python/made-from"
fi
fact "$("$python/bin/python" -c 'import pymodbus; print("pymodbus", pymodbus.__version__)')"

# Not every machine is a Debian where packages may be installed: then this one is left out, and
# the test says so.
server=$folder/libmodbus-server
if [ ! -x "$server" ] || [ "$sources/server.c" -nt "$server" ]; then
  rm -f "$server"
  [ -e /usr/include/modbus/modbus.h ] || debian_install libmodbus-dev || true
  if [ -e /usr/include/modbus/modbus.h ]; then
    cc -O1 -Wall -I/usr/include/modbus -o "$server" "$sources/server.c" -lmodbus ||
      stop "the server over libmodbus does not compile"
  fi
fi
if [ -x "$server" ]; then
  fact "libmodbus $(dpkg-query -W -f '${Version}' libmodbus5 2>/dev/null || echo '(version unknown)')"
else
  fact "NOT THERE: libmodbus, because the package libmodbus-dev cannot be installed here"
fi
