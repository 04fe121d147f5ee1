#!/usr/bin/env bash
# Fills an empty site folder with WordPress, writes its configuration when settings are given, then runs the command.
# The web server steps down from root by itself.
set -Eeuo pipefail

readonly shipped=/usr/src/wordpress

# Who the site is to belong to: the web server's user, or whoever this runs as.
owner() {
  if [[ $EUID -eq 0 ]]; then
    echo "${APACHE_RUN_USER:-www-data}:${APACHE_RUN_GROUP:-www-data}"
  else
    echo "$(id -u):$(id -g)"
  fi
}

unpack() {
  local -a pack=(--create --file - --directory "$shipped" --owner "${1%%:*}" --group "${1##*:}") unpack=(--extract --file -)
  # Only root may set the rights and times of a folder that belongs to somebody else.
  if [[ $EUID -ne 0 ]]; then unpack+=(--no-overwrite-dir); fi
  # What is there already, such as a mounted theme, stays as it is.
  local entry
  for entry in wp-content/themes/* wp-content/plugins/*; do
    if [[ -e $entry ]]; then pack+=(--exclude "./$entry"); fi
  done
  tar "${pack[@]}" . | tar "${unpack[@]}"
}

main() {
  if [[ $1 == apache2* || $1 == php-fpm ]]; then
    local who
    who=$(owner)
    if [[ ! -e index.php && ! -e wp-includes/version.php ]]; then
      # A volume that Docker made a moment ago belongs to root.
      if [[ $EUID -eq 0 && $(stat -c %u:%g .) == 0:0 ]]; then chown "$who" .; fi
      unpack "$who"
    fi
    if [[ ! -s wp-config.php ]] && compgen -e | grep -q '^WORDPRESS_'; then
      cat "$shipped/wp-config-docker.php" >wp-config.php
      if [[ $EUID -eq 0 && $(stat -c %u:%g wp-config.php) != "$who" ]] && ! chown "$who" wp-config.php; then
        echo "note: wp-config.php keeps its owner" >&2
      fi
    fi
  fi
  exec docker-php-entrypoint "$@"
}

main "$@"
