#!/usr/bin/env bash
# The main job on a bundled legacy stack, in a folder that is thrown away.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
stack=$(mktemp -d)
trap 'rm -rf "$stack"' EXIT
cp "$here"/fixtures/legacy-web/compose.yaml "$stack/"
cd "$stack"
run() { printf '\n\033[1m$ %s\033[0m\n' "$*"; "$@" || true; }
run composeharden diff
run composeharden fix
run composeharden check
