#!/usr/bin/env bash
# healthcheck.sh [--su-mysql] [--connect] [--innodb_initialized]: exits with 0 when every check named succeeds.
# The account's password is in a file that only the service's user (or a root with DAC_OVERRIDE) can read.
set -eo pipefail

readonly account=/var/lib/mysql/.my-healthcheck.cnf

ask() {
  local -a options=()
  if [[ -f $account ]]; then options+=("--defaults-extra-file=$account"); fi
  mariadb "${options[@]}" --skip-column-names --batch "$@"
}

[[ $# -gt 0 ]] || { echo "healthcheck.sh: name at least one check" >&2; exit 1; }
for check; do
  case $check in
    --su-mysql) exec gosu mysql "${BASH_SOURCE[0]}" "${@:2}" ;;
    # Over TCP: the server for the first set-up listens on its socket only.
    --connect) ask --host 127.0.0.1 --protocol tcp --execute 'SELECT 1' >/dev/null ;;
    --innodb_initialized)
      answer=$(ask --protocol socket --execute "SELECT 1 FROM information_schema.ENGINES
        WHERE engine = 'innodb' AND support IN ('YES', 'DEFAULT', 'ENABLED')")
      [[ $answer == 1 ]]
      ;;
    *) echo "healthcheck.sh: unknown check $check" >&2; exit 1 ;;
  esac
done
