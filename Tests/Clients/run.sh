#!/usr/bin/env bash
# Drives the server with other people's clients. Environments of Python are made outside of the repository, once.
#
#     Tests/Clients/run.sh [PROGRAM] [CLIENT...]     PROGRAM: .build/release/fathom; CLIENT: openai litellm llm …, or all
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
FATHOM=$(realpath "${1:-$here/../../.build/release/fathom}")
export FATHOM PYTHONDONTWRITEBYTECODE=1
[ -x "$FATHOM" ] || { echo "no program at $FATHOM: make build" >&2; exit 2; }
shift || true
[ $# -gt 0 ] || set -- openai responses anthropic litellm llm langchain instructor lm_eval schemathesis
home=${XDG_CACHE_HOME:-$HOME/.cache}/fathom-clients
python=${PYTHON:-python3}

# An environment for each file of requirements, made anew when the file changes.
environment() {
  local file=$here/$1 folder=$home/$1
  cmp -s "$file" "$folder/installed" && return
  echo "installing what $1 lists into $folder"
  rm -rf "$folder"
  "$python" -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$file"
  cp "$file" "$folder/installed"
}

failed=()
for client in "$@"; do
  requirements=requirements.txt
  [ "$client" != instructor ] || requirements=requirements-instructor.txt
  environment "$requirements"
  printf '\n=== %s (%d s so far)\n' "$client" "$SECONDS"
  if [ "$client" = schemathesis ]; then
    PATH=$home/$requirements/bin:$PATH "$here/schemathesis_client.sh" || failed+=("$client")
  else
    "$home/$requirements/bin/python" "$here/${client}_client.py" || failed+=("$client")
  fi
done
echo
if [ ${#failed[@]} -gt 0 ]; then echo "FAILED: ${failed[*]}"; exit 1; fi
echo "all clients are served"
