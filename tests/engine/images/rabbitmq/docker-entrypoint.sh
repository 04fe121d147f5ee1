#!/usr/bin/env bash
# As root: hands the data folder to rabbitmq, then goes on as rabbitmq. As another user: runs what it is given.
set -euo pipefail

if [[ $1 == rabbitmq* && $EUID -eq 0 ]]; then
  if [[ $1 == rabbitmq-server ]]; then
    find /var/lib/rabbitmq ! -user rabbitmq -exec chown rabbitmq '{}' +
  fi
  exec gosu rabbitmq "${BASH_SOURCE[0]}" "$@"
fi

# Settings that the image once knew: refused, so that nobody believes that they work.
for name in RABBITMQ_DEFAULT_PASS_FILE RABBITMQ_DEFAULT_USER_FILE RABBITMQ_VM_MEMORY_HIGH_WATERMARK; do
  if [[ ${!name-} ]]; then
    echo "error: $name is set but deprecated; use a configuration file" >&2
    exit 1
  fi
done

if [[ -z ${RABBITMQ_USE_LONGNAME-} && $(hostname) != "$(hostname -s)" ]]; then
  export RABBITMQ_USE_LONGNAME=true
fi

exec "$@"
