#!/bin/sh
# As root: hands the data folder to redis, then goes on as redis. As another user: runs what it is given.
set -e

case ${1-} in
  -* | *.conf) set -- redis-server "$@" ;;
esac

if [ "${1-}" = redis-server ] && [ "$(id -u)" = 0 ]; then
  # The working folder is /data unless the stack says otherwise, as in the official image.
  find . ! -user redis -exec chown redis '{}' +
  exec gosu redis "$0" "$@"
fi

# New files are kept from others, unless the stack chose a mask of its own.
if [ "$(umask)" = 0022 ]; then
  umask 0077
fi

# The official build has protected mode off. Put after a configuration file, before the other options, so that they win.
if [ "${1-}" = redis-server ]; then
  shift
  case ${1-} in
    *.conf)
      config=$1
      shift
      if grep -qs '^[[:space:]]*protected-mode' "$config"; then
        set -- redis-server "$config" "$@"
      else
        set -- redis-server "$config" --protected-mode no "$@"
      fi
      ;;
    *) set -- redis-server --protected-mode no "$@" ;;
  esac
fi

exec "$@"
