#!/usr/bin/env bash
# Prints the path of the Chromium that the browser journeys use; fails when there is none.
# CHROMIUM names another one.
set -euo pipefail
for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome-stable google-chrome; do
  if [ -n "$name" ] && command -v "$name"; then
    exit 0
  fi
done
exit 1
