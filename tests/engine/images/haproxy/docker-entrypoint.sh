#!/bin/sh
# Runs haproxy as master and worker in the foreground, which a container needs for stops and reloads.
set -e

case ${1-} in
  -*) set -- haproxy "$@" ;;
esac
if [ "${1-}" = haproxy ]; then
  shift
  set -- haproxy -W -db "$@"
fi
exec "$@"
