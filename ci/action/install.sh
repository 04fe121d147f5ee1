#!/usr/bin/env bash
# Installs composeharden from the folder of this action, so at the version that the workflow pinned.
set -euo pipefail

# Python takes modules from the current folder first, and the checkout may hold a pip.py that nobody has looked at.
cd -- "${RUNNER_TEMP:?}"
python=$(command -v python3 || command -v python) || {
  echo "::error::composeharden needs Python 3.11 or newer; add actions/setup-python before it"
  exit 1
}
"$python" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "::error::composeharden needs Python 3.11 or newer; add actions/setup-python before it"
  exit 1
}
"$python" -I -m venv composeharden
composeharden/bin/python -I -m pip install --quiet --no-input --disable-pip-version-check -- "${GITHUB_ACTION_PATH:?}"
