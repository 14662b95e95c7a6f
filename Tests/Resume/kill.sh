#!/usr/bin/env bash
# Kills a training run with SIGKILL again and again, resumes it each time, and compares the end with that of a run that nobody disturbed,
# byte for byte; at one thread and at two. Every third kill waits for a save to begin, so that some hit a checkpoint half written.
#
#   Tests/Resume/kill.sh [KILLS]       20 kills for each number of threads
#
# FATHOM is the program (.build/release/fathom); RANDOM_SEED makes the waits those of an earlier run.
set -euo pipefail
cd "$(dirname "$0")/../.."
fathom=${FATHOM:-.build/release/fathom}
kills_wanted=${1:-20}
seed=${RANDOM_SEED:-$$}
RANDOM=$seed
steps=60
root=$(mktemp -d)
pid=
cleanup() {
  if [ -n "$pid" ]; then kill -9 "$pid" 2>/dev/null || true; fi
  rm -rf "$root"
}
trap cleanup EXIT
echo "seed of the waits: $seed"

# train FOLDER THREADS: begins or goes on, in the background; sets pid.
train() {
  "$fathom" train pretrain -c Tests/Resume/run.yaml --threads "$2" --resume -o output_dir="$1" \
    ${tokenizer:+-o tokenizer="$tokenizer"} >"$root/log" 2>&1 &
  pid=$!
}

# finish: waits for the run; fails if it did.
finish() {
  local status=0
  wait "$pid" || status=$?
  pid=
  [ "$status" -eq 0 ] || { echo "FAILED: the run ended with status $status"; cat "$root/log"; exit 1; }
}

# reap: takes note of a run that was killed.
reap() { wait "$pid" 2>/dev/null || true; pid=; }

# same FOLDER: its last step is that of the undisturbed run, and nothing half written is left.
same() {
  for file in model.safetensors optimizer.state state.json; do
    cmp "$root/whole/step_$steps/$file" "$1/step_$steps/$file" ||
      { echo "FAILED: $file of $1 after $kills kills; seed $seed"; exit 1; }
  done
  local remains
  remains=$(find "$1" -name '.*' -o -name '*.tmp')
  [ -z "$remains" ] || { echo "FAILED: left behind: $remains"; exit 1; }
  local kept
  kept=$(cut -d, -f1 "$1/metrics.jsonl" | sort -u | wc -l)
  [ "$kept" -eq "$steps" ] || { echo "FAILED: metrics of $kept steps, expected $steps"; exit 1; }
}

saving() { compgen -G "$1/.tmp-step_*" >/dev/null; }

# The undisturbed run also learns the tokenizer, which the others then read: they begin sooner.
tokenizer=
began=$(date +%s%N)
train "$root/whole" 1
finish
tokenizer=$root/whole/step_$steps
began=$(date +%s%N)
train "$root/measured" 1
finish
milliseconds=$((($(date +%s%N) - began) / 1000000))
kills=0
same "$root/measured"
echo "undisturbed: $steps steps in $milliseconds ms"

for threads in 1 2; do
  kills=0 round=0 resumes=0 torn=0
  while [ "$kills" -lt "$kills_wanted" ]; do
    round=$((round + 1))
    folder=$root/threads_$threads.$round
    # The last step is saved before it is evaluated: only a run that ended by itself is whole.
    ended=
    while [ -z "$ended" ]; do
      train "$folder" "$threads"
      resumes=$((resumes + 1))
      if [ "$kills" -ge "$kills_wanted" ]; then finish; ended=1; continue; fi
      # Not later than a sixth of a run: five or more kills to each.
      wait_ms=$((RANDOM % (milliseconds / 6 + 1) + milliseconds / 20))
      sleep "$((wait_ms / 1000)).$(printf '%03d' $((wait_ms % 1000)))"
      if [ $((kills % 3)) -eq 2 ]; then
        while kill -0 "$pid" 2>/dev/null && ! saving "$folder"; do :; done
      fi
      if kill -9 "$pid" 2>/dev/null; then
        reap
        kills=$((kills + 1))
        if saving "$folder"; then torn=$((torn + 1)); fi
      else
        finish
        ended=1
      fi
    done
    same "$folder"
    rm -rf "$folder"
  done
  echo "$threads thread(s): $kills kills, $torn of them while saving, $round run(s) and $resumes starts: byte-identical"
  [ "$torn" -gt 0 ] || { echo "FAILED: no kill hit a save"; exit 1; }
done
