#!/bin/sh
# Fuzzes every parser, or the ones named, for some seconds each: SECONDS_EACH=60 Fuzz/run.sh [PARSER…]
set -eu
cd "$(dirname "$0")"
swift build -c release
fuzzer=.build/release/fathom-fuzz
[ $# -gt 0 ] || set -- $(ls Seeds)
# Swift's own report of a crash would keep libFuzzer from writing down what led to it.
export SWIFT_BACKTRACE=enable=no
for parser; do
  mkdir -p "Corpus/$parser" "Finds/$parser"
  echo "$parser:"
  nice "$fuzzer" "$parser" -dict=words.dict -max_total_time="${SECONDS_EACH:-60}" -max_len=8192 \
    -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="Finds/$parser/" "Corpus/$parser" "Seeds/$parser"
done
