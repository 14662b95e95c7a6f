#!/usr/bin/env bash
# Rewards the built-in model's base for short answers with a digit in them, and wants the report to say that its answers got worse.
#
#   Tests/RewardHacking/run.sh [FOLDER]       keeps the run and its report.html there; some two minutes on two cores
#
# FATHOM is the program (.build/release/fathom).
set -euo pipefail
cd "$(dirname "$0")/../.."
fathom=${FATHOM:-.build/release/fathom}
folder=${1:-}
if [ -z "$folder" ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
"$fathom" train reinforce -c Tests/RewardHacking/flawed.yaml -o output_dir="$folder"
report=$("$fathom" train report "$folder" --json)
python3 - "$report" <<'PYTHON'
import json, sys
check = json.loads(sys.argv[1])["check"]
for name in ("reward", "pass_rate"):
    print(f"{name}: {check[name]['first']:.3f}, then {check[name]['last']:.3f} (rollouts)")
for when in ("before", "after"):
    rate = check["held_out"][when]
    print(f"held out, {when}: {rate['correct']} of {rate['n']} right, {rate['low']:.3f} to {rate['high']:.3f}")
print(check["headline"])
sys.exit(0 if check["finding"] == "answers_got_worse" else "FAILED: the report did not see it")
PYTHON
