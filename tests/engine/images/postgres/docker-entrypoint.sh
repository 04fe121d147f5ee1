#!/usr/bin/env bash
# Prepares PGDATA, steps down to postgres, creates the cluster on an empty folder, then runs the server.
# Settings: POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB, POSTGRES_INITDB_ARGS (each also as NAME_FILE),
# POSTGRES_INITDB_WALDIR, POSTGRES_HOST_AUTH_METHOD, PGDATA.
set -Eeo pipefail
shopt -s nullglob

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# NAME from its variable or from the file that NAME_FILE names, else the default. Exported, so that the second pass
# (after stepping down) has the value even where only root could read the file.
from_file() {
  local name=$1 default=${2-} file_name="$1_FILE" value
  if [[ ${!name} && ${!file_name} ]]; then
    fail "both $name and $file_name are set (but are exclusive)"
  fi
  value=$default
  if [[ ${!name} ]]; then
    value=${!name}
  elif [[ ${!file_name} ]]; then
    value=$(<"${!file_name}")
  fi
  export "$name=$value"
  unset "$file_name"
}

read_settings() {
  from_file POSTGRES_PASSWORD
  from_file POSTGRES_USER postgres
  from_file POSTGRES_DB "$POSTGRES_USER"
  from_file POSTGRES_INITDB_ARGS
  : "${POSTGRES_HOST_AUTH_METHOD:=}"
  has_cluster=
  if [[ -s $PGDATA/PG_VERSION ]]; then has_cluster=yes; fi
}

# The modes are wishes (a volume may refuse them); the owners are not.
prepare_folders() {
  mkdir -p "$PGDATA"
  chmod 00700 "$PGDATA" || :
  mkdir -p /var/run/postgresql || :
  chmod 03775 /var/run/postgresql || :
  if [[ $POSTGRES_INITDB_WALDIR ]]; then
    mkdir -p "$POSTGRES_INITDB_WALDIR"
    if [[ $EUID -eq 0 ]]; then
      find "$POSTGRES_INITDB_WALDIR" ! -user postgres -exec chown postgres '{}' +
    fi
    chmod 700 "$POSTGRES_INITDB_WALDIR"
  fi
  if [[ $EUID -eq 0 ]]; then
    find "$PGDATA" ! -user postgres -exec chown postgres '{}' +
    find /var/run/postgresql ! -user postgres -exec chown postgres '{}' +
  fi
}

require_password() {
  if [[ -z $POSTGRES_PASSWORD && $POSTGRES_HOST_AUTH_METHOD != trust ]]; then
    fail "the database is not initialised and POSTGRES_PASSWORD is empty"
  fi
}

create_cluster() {
  local -a options=("--username=$POSTGRES_USER")
  if [[ $POSTGRES_PASSWORD ]]; then options+=("--pwfile=/dev/stdin"); fi
  if [[ $POSTGRES_INITDB_WALDIR ]]; then options+=("--waldir=$POSTGRES_INITDB_WALDIR"); fi
  # Split on purpose: the variable holds several options.
  # shellcheck disable=SC2206
  options+=($POSTGRES_INITDB_ARGS)
  printf '%s\n' "$POSTGRES_PASSWORD" | initdb "${options[@]}"
  local method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption "$@")}
  printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
}

# On the socket only, so that a probe over TCP does not take the half-made database for a ready one.
start_for_init() {
  local options
  printf -v options '%q ' -c "listen_addresses=" -p "${PGPORT:-5432}" "$@"
  PGUSER=${PGUSER:-$POSTGRES_USER} pg_ctl -D "$PGDATA" -o "$options" -w start
}

sql() {
  psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password --no-psqlrc "$@"
}

create_database() {
  [[ $POSTGRES_DB != postgres ]] || return 0
  sql --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
}

run_init_files() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    printf 'docker-entrypoint.sh: %s\n' "$file"
    case $file in
      *.sh)
        # shellcheck source=/dev/null
        if [[ -x $file ]]; then "$file"; else . "$file"; fi
        ;;
      *.sql) sql --dbname "$POSTGRES_DB" -f "$file" ;;
      *) ;;
    esac
  done
}

initialise() {
  require_password
  # An unreadable folder must fail before anything is created, or the next start would skip its files.
  ls /docker-entrypoint-initdb.d/ >/dev/null
  create_cluster "$@"
  export PGPASSWORD=$POSTGRES_PASSWORD
  start_for_init "$@"
  create_database
  run_init_files
  pg_ctl -D "$PGDATA" -m fast -w stop
  unset PGPASSWORD
}

only_asks() {
  local argument
  for argument; do
    case $argument in
      -'?' | --help | --describe-config | -V | --version) return 0 ;;
    esac
  done
  return 1
}

main() {
  if [[ ${1:0:1} == - ]]; then set -- postgres "$@"; fi
  if [[ $1 == postgres ]] && ! only_asks "$@"; then
    read_settings
    prepare_folders
    if [[ $EUID -eq 0 ]]; then exec gosu postgres "${BASH_SOURCE[0]}" "$@"; fi
    if [[ -z $has_cluster ]]; then initialise "${@:2}"; fi
  fi
  exec "$@"
}

main "$@"
