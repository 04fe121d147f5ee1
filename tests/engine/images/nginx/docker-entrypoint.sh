#!/bin/sh
# Prepares the configuration when the server is about to run, then runs the command. Never steps down: nginx does.
set -e

say() { echo "docker-entrypoint.sh: $*"; }

# Only a note when it cannot be written: the official script goes on as well.
listen_on_ipv6() {
  conf=/etc/nginx/conf.d/default.conf
  [ -f "$conf" ] && [ -f /proc/net/if_inet6 ] || return 0
  if ! touch "$conf" 2>/dev/null; then
    say "info: can not modify $conf (read-only file system?)"
    return 0
  fi
  grep -q 'listen  *\[::\]' "$conf" || sed -i 's/listen  *80;/&\n    listen [::]:80;/' "$conf"
}

# Fills in environment variables. A target that cannot be written is an error in the log, and the server starts anyway.
fill_templates() {
  from=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}
  suffix=${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template}
  to=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}
  [ -d "$from" ] || return 0
  if [ ! -w "$to" ]; then
    say "ERROR: $from exists, but $to is not writable" >&2
    return 0
  fi
  defined=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/${\1}/p' | tr '\n' ' ')
  find -L "$from" -type f -name "*$suffix" | while read -r template; do
    name=${template#"$from"/}
    mkdir -p "$to/$(dirname "$name")"
    envsubst "$defined" <"$template" >"$to/${name%"$suffix"}"
  done
}

run_parts() {
  find -L /docker-entrypoint.d -type f -name '*.sh' | sort -V | while read -r part; do
    if [ -x "$part" ]; then "$part"; else say "ignoring $part, not executable"; fi
  done
}

if [ "$1" = nginx ] || [ "$1" = nginx-debug ]; then
  listen_on_ipv6
  fill_templates
  run_parts
fi

exec "$@"
