#!/bin/sh
# As root: hands the folders to mosquitto if it may. The broker steps down by itself.
set -e

if [ "$(id -u)" = 0 ] && [ -d /mosquitto ]; then
  chown -R mosquitto:mosquitto /mosquitto || :
fi
exec "$@"
