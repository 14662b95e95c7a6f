#!/usr/bin/env bash
# Thousands of requests made from /openapi.json: none may end in a 5xx or end the server, and every response has to have the form
# that the description gives it.
#
#     FATHOM=.build/release/fathom Tests/Clients/schemathesis_client.sh [EXAMPLES]
#
# EXAMPLES is how many requests are made up for each route, 250 unless said otherwise. Looks for programs on PATH.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
examples=${1:-250}
fathom=$(realpath "${FATHOM:-.build/release/fathom}")
work=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

"$fathom" serve --port 0 > "$work/server" 2>&1 &
server=$!
for _ in $(seq 100); do
  url=$(grep -om1 'http://[^ ]*' "$work/server" || true)
  [ -n "$url" ] && break
  sleep 0.1
done
[ -n "$url" ] || { echo "FAIL  the server did not start"; cat "$work/server"; exit 1; }
url=${url%/}

failed=0
outcome() { if [ "$1" -eq 0 ]; then echo "ok    $2"; else echo "FAIL  $2"; failed=1; fi; }

curl -sf "$url/openapi.json" -o "$work/openapi.json"
openapi-spec-validator "$work/openapi.json" > "$work/validator" && status=0 || status=$?
outcome "$status" "the description is OpenAPI 3.1"

# `positive_data_acceptance` is replaced by a check of ours that knows what depends on the model.
cd "$work"
SCHEMATHESIS_HOOKS=$here/schemathesis_hooks.py PYTHONPATH=$here schemathesis \
  --config-file "$here/schemathesis.toml" run "$url/openapi.json" --url "$url" \
  --checks all --exclude-checks positive_data_acceptance --max-examples "$examples" --seed 1 --no-shrink --no-color \
  --generation-database none --request-timeout 60 --continue-on-failure > "$work/report" 2>&1 && status=0 || status=$?
[ "$status" -eq 0 ] || cut -c1-2000 "$work/report"
outcome "$status" "schemathesis: $(grep -m1 -E '[0-9]+ generated' "$work/report" || echo 'no count')"
sed -n '/^Test Phases:/,/^$/p; /^Warnings:/,/^$/p' "$work/report"

kill -0 "$server" 2>/dev/null && status=0 || status=$?
outcome "$status" "the server is still there"
curl -sf "$url/health" | grep -q '"ok"' && status=0 || status=$?
outcome "$status" "and well"
lines=$(curl -sf "$url/metrics" | grep 'http_responses_total{' || true)
bad=$(grep -E 'status="5' <<< "$lines" || true)
[ -z "$bad" ] && status=0 || status=1
outcome "$status" "no 5xx among $(awk '{ sum += $NF } END { print sum }' <<< "$lines") responses ${bad}"
exit "$failed"
