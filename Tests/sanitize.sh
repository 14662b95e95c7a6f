#!/usr/bin/env bash
# Tests of the engine, the constraints and the server, and a server with hostile clients, under a sanitizer.
#
#     Tests/sanitize.sh [address|thread…]     both, unless some are named
#
# Each builds everything once more, in .build/sanitize-KIND, for debugging: ten minutes on two cores. What a sanitizer reports
# is a failure. How fast things are is not looked at.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- address thread
SWIFT=${SWIFT:-swift}
suites='^(FathomServerTests|FathomInferenceTests|FathomConstraintsTests)\.'
paced=Pace
failed=0
for kind; do
  folder=$PWD/.build/sanitize-$kind
  build=(--sanitize "$kind" --scratch-path "$folder")
  printf '\n=== %s (%d s so far)\n' "$kind" "$SECONDS"
  "$SWIFT" build --build-tests "${build[@]}"
  rm -f "$folder"/report.*
  # Leaks are not looked for, nor threads that nobody waits for at the end: the runtime, and what is static, stay for good.
  export ASAN_OPTIONS=detect_leaks=0:log_path=$folder/report \
    TSAN_OPTIONS=exitcode=66:report_thread_leaks=0:log_path=$folder/report:suppressions=$PWD/Tests/thread-sanitizer.suppressions
  "$SWIFT" test --skip-build "${build[@]}" --filter "$suites" --skip "$paced" > "$folder/tests" 2>&1 && tests=0 || tests=$?
  grep -aE '✘|Test run with' "$folder/tests" || true
  python3 Tests/Server/hostile.py "$folder/debug/fathom" --quick > "$folder/server" 2>&1 && server=0 || server=$?
  tail -1 "$folder/server"
  reports=$(find "$folder" -maxdepth 1 -name 'report.*' | wc -l)
  echo "$kind: tests end with $tests, the server's checks with $server; $reports processes reported something"
  [ "$tests$server$reports" = 000 ] || failed=1
done
exit "$failed"
