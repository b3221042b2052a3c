#!/usr/bin/env bash
# bench-modbus.sh FOLDER: puts the Modbus clients beside which the bench measures into FOLDER.
set -euo pipefail
. "$(dirname "$0")/say.sh"
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
version=8.0.25

"$here/foreign-servers.sh" "$folder"
"$here/need.sh" node
if ! grep -qs "\"version\": \"$version\"" "$folder/node/node_modules/modbus-serial/package.json"; then
  mkdir -p "$folder/node"
  # The serial part is native code that the bench does not use.
  npm install --silent --no-audit --no-fund --no-save --omit=optional --ignore-scripts \
    --prefix "$folder/node" "modbus-serial@$version" ||
    stop "npm could not install modbus-serial $version: is the npm registry reachable?"
fi
fact "modbus-serial $version"
