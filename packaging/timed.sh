#!/usr/bin/env bash
# timed.sh NAME COMMAND...: runs one phase, and prints its name before and its time after it.
set -euo pipefail
name=$1
shift
printf '\n== %s\n' "$name"
began=$(date +%s)
status=0
"$@" || status=$?
took=$(($(date +%s) - began))
if [ "$status" -eq 0 ]; then
  printf '== %s: done after %d s\n' "$name" "$took"
else
  printf '== %s: FAILED after %d s (exit code %d)\n' "$name" "$took" "$status" >&2
fi
exit "$status"
