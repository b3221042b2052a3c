#!/usr/bin/env bash
# page-is-current.sh BINARY: what is committed of the page is what its source makes: the API
# document, the types made from it, and the built page. Changes nothing.
set -euo pipefail
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."
binary=$(realpath "$1")
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT

"$binary" openapi >"$fresh/openapi.json"
diff -u frontend/openapi.json "$fresh/openapi.json" >"$fresh/difference" || {
  head -n 40 "$fresh/difference"
  stop "frontend/openapi.json is not what the server speaks. Run: make api, and commit it."
}
fact "frontend/openapi.json is what the server speaks"

cd frontend
npm run --silent api:types -- -o "$fresh/made.ts" >/dev/null
npx --no-install prettier --stdin-filepath src/api/schema.gen.ts <"$fresh/made.ts" >"$fresh/schema.gen.ts"
diff -u src/api/schema.gen.ts "$fresh/schema.gen.ts" >"$fresh/difference" || {
  head -n 40 "$fresh/difference"
  stop "frontend/src/api/schema.gen.ts is not made from openapi.json. Run: make api, and commit it."
}
fact "frontend/src/api/schema.gen.ts is made from it"

npx --no-install vite build --outDir "$fresh/page" --emptyOutDir --logLevel warn
diff -rq "$fresh/page" ../frontend-dist || {
  stop "frontend-dist/ is not what frontend/ builds. Run: cd frontend && npm run build, and commit" \
    "frontend-dist/."
}
fact "frontend-dist/ is what frontend/ builds, byte for byte ($(find ../frontend-dist -type f | wc -l) files)"
