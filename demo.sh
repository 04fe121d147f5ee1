#!/usr/bin/env bash
# The main job on a bundled legacy stack, in a folder that is thrown away. Needs composeharden on the PATH.
# Ends with 1 as soon as a command does not end with the exit code it should.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
stack=$(mktemp -d)
trap 'rm -rf "$stack"' EXIT
cp -R "$here"/fixtures/web-db-cache/. "$stack/"
cd "$stack"

step() { # WHAT EXPECTED-CODE COMMAND
  local code=0
  printf '\n\033[1m# %s\n$ %s\033[0m\n' "$1" "$3"
  bash -o pipefail -c "$3" || code=$?
  ((code == $2)) || { printf 'demo: exit code %s, not %s\n' "$code" "$2" >&2; exit 1; }
}

step "What would change, and why" 0 'composeharden diff'
step "Do it (here only the end of what it prints)" 0 'composeharden fix 2>&1 | tail -n 11'
step "Nothing is left to fix, comments and all else are still there" 0 'composeharden diff --exit-code 2>/dev/null'
step "What one of the passes does, and why" 0 "composeharden explain cap-drop"
step "And back again" 0 'mv -- compose.yaml.orig compose.yaml'
cmp compose.yaml "$here"/fixtures/web-db-cache/compose.yaml
