#!/bin/sh
# Options alone mean: options of memcached. Starts as memcache, so there is nothing to step down from.
set -e

case ${1-} in
  -*) set -- memcached "$@" ;;
esac
exec "$@"
