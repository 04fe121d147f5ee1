#!/bin/sh
# Options, and the name of a script, are for node; any other program is run as it is.
set -e

case ${1-} in
  -*) set -- node "$@" ;;
  *)
    program=$(command -v "${1-}" || :)
    if [ -z "$program" ] || [ ! -x "$program" ]; then
      set -- node "$@"
    fi
    ;;
esac
exec "$@"
