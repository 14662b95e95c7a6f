#!/usr/bin/env bash
# Kills training runs with SIGKILL again and again, resumes them each time, and compares the end with that of a run that nobody disturbed,
# byte for byte; at one thread and at two. Kills come at random moments and, in turn, in the middle of a save, so that some hit a
# checkpoint half written; in a run of reinforcement learning also in the middle of a rollout and of the step behind it.
#
#   Tests/Resume/kill.sh [KILLS] [KIND...]       20 kills for each number of threads, 4 at least; pretrain, reinforce
#
# FATHOM is the program (.build/release/fathom); RANDOM_SEED makes the waits those of an earlier run.
set -euo pipefail
cd "$(dirname "$0")/../.."
fathom=${FATHOM:-.build/release/fathom}
kills_wanted=${1:-20}
shift || true
kinds=("$@")
[ $# -gt 0 ] || kinds=(pretrain reinforce)
seed=${RANDOM_SEED:-$$}
RANDOM=$seed
root=$(mktemp -d)
pid=
cleanup() {
  if [ -n "$pid" ]; then kill -9 "$pid" 2>/dev/null || true; fi
  rm -rf "$root"
}
trap cleanup EXIT
echo "seed of the waits: $seed"

# configure KIND: what is run, and what has to be the same in the end.
configure() {
  kind=$1 tokenizer=
  files=(model.safetensors optimizer.state state.json)
  case $kind in
    pretrain) steps=60 moments=(any any save) options=(-c Tests/Resume/run.yaml) ;;
    reinforce)
      steps=12 moments=(any rollout step save) options=(-c Tests/Resume/reinforce.yaml)
      files+=(reinforcement.json reference.state)
      ;;
    *) echo "no such kind of run: $kind" >&2; exit 2 ;;
  esac
}

# train FOLDER THREADS: begins or goes on, in the background; sets pid.
train() {
  "$fathom" train "$kind" "${options[@]}" --threads "$2" --resume -o output_dir="$1" \
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

# Rows of the metrics without what a clock says.
timeless() { sed -E 's/"([a-z]+_)+s":[^,}]*,?//g' "$1/metrics.jsonl"; }

# same FOLDER: its last step is that of the undisturbed run, and nothing half written is left.
same() {
  local file remains kept
  for file in "${files[@]}"; do
    cmp "$root/$kind/whole/step_$steps/$file" "$1/step_$steps/$file" ||
      { echo "FAILED: $file of $1 after $kills kills; seed $seed"; exit 1; }
  done
  remains=$(find "$1" -name '.*' -o -name '*.tmp')
  [ -z "$remains" ] || { echo "FAILED: left behind: $remains"; exit 1; }
  kept=$(cut -d, -f1 "$1/metrics.jsonl" | sort -u | wc -l)
  [ "$kept" -eq "$steps" ] || { echo "FAILED: metrics of $kept steps, expected $steps"; exit 1; }
  if [ "$kind" = reinforce ]; then
    cmp <(timeless "$root/$kind/whole") <(timeless "$1") &&
      cmp "$root/$kind/whole/samples.jsonl" "$1/samples.jsonl" ||
      { echo "FAILED: metrics or samples of $1 after $kills kills; seed $seed"; exit 1; }
  fi
}

saving() { compgen -G "$1/.tmp-step_*" >/dev/null; }
# The weights that the engine draws with are there for as long as it draws.
drawing() { [ -d "$1/.tmp-evaluated-policy" ]; }
rows() { if [ -f "$1/metrics.jsonl" ]; then wc -l <"$1/metrics.jsonl"; else echo 0; fi; }
alive() { kill -0 "$pid" 2>/dev/null; }

# await MOMENT FOLDER: until the run is there, or has ended.
await() {
  case $1 in
    save) while alive && ! saving "$2"; do :; done ;;
    rollout) while alive && ! drawing "$2"; do :; done ;;
    step)
      while alive && ! drawing "$2"; do :; done
      while alive && drawing "$2"; do :; done
      ;;
  esac
}

# hit FOLDER ROWS: where the kill found the run, of which there were ROWS rows of metrics when the moment had been waited for.
hit() {
  if saving "$1"; then echo save
  elif drawing "$1"; then echo rollout
  elif [ "$moment" = step ] && [ "$(rows "$1")" -eq "$2" ]; then echo step
  else echo elsewhere; fi
}

# disturb THREADS: kills and resumes until there were enough kills.
disturb() {
  local threads=$1 round=0 resumes=0 folder ended wait_ms known moment place
  local -A hits=([save]=0 [rollout]=0 [step]=0 [elsewhere]=0)
  kills=0
  while [ "$kills" -lt "$kills_wanted" ]; do
    round=$((round + 1))
    folder=$root/$kind/threads_$threads.$round
    # The last step is saved before it is evaluated: only a run that ended by itself is whole.
    ended=
    while [ -z "$ended" ]; do
      train "$folder" "$threads"
      resumes=$((resumes + 1))
      if [ "$kills" -ge "$kills_wanted" ]; then finish; ended=1; continue; fi
      # Not later than a sixth of a run: five or more kills to each.
      wait_ms=$((RANDOM % (milliseconds / 6 + 1) + milliseconds / 20))
      sleep "$((wait_ms / 1000)).$(printf '%03d' $((wait_ms % 1000)))"
      moment=${moments[$((kills % ${#moments[@]}))]}
      await "$moment" "$folder"
      known=$(rows "$folder")
      if kill -9 "$pid" 2>/dev/null; then
        reap
        kills=$((kills + 1))
        place=$(hit "$folder" "$known")
        hits[$place]=$((hits[$place] + 1))
      else
        finish
        ended=1
      fi
    done
    same "$folder"
    rm -rf "$folder"
  done
  local found=""
  for place in "${moments[@]}"; do
    [ "$place" = any ] && continue
    found+="${hits[$place]} in a $place, "
    [ "${hits[$place]}" -gt 0 ] || { echo "FAILED: no kill hit a $place"; exit 1; }
  done
  echo "$kind, $threads thread(s): $kills kills ($found${hits[elsewhere]} elsewhere), $round run(s) and" \
    "$resumes starts: byte-identical"
}

for kind in "${kinds[@]}"; do
  configure "$kind"
  mkdir "$root/$kind"
  train "$root/$kind/whole" 1
  finish
  # The undisturbed run also learns the tokenizer, which the others then read: they begin sooner.
  if [ "$kind" = pretrain ]; then tokenizer=$root/$kind/whole/step_$steps; fi
  began=$(date +%s%N)
  train "$root/$kind/measured" 1
  finish
  milliseconds=$((($(date +%s%N) - began) / 1000000))
  kills=0
  same "$root/$kind/measured"
  echo "$kind, undisturbed: $steps steps in $milliseconds ms"
  for threads in 1 2; do disturb "$threads"; done
done
