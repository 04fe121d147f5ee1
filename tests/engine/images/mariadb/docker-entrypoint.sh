#!/usr/bin/env bash
# Prepares the data folder, steps down to mysql, creates the database on an empty folder, then runs the server.
# Settings: MARIADB_ROOT_PASSWORD, MARIADB_ROOT_HOST, MARIADB_DATABASE, MARIADB_USER, MARIADB_PASSWORD, each also as
# MYSQL_..., each of both also as NAME_FILE; MARIADB_ALLOW_EMPTY_ROOT_PASSWORD, MARIADB_RANDOM_ROOT_PASSWORD.
set -eo pipefail
shopt -s nullglob

readonly data=/var/lib/mysql socket=/run/mysqld/mysqld.sock

fail() {
  printf '[ERROR] [Entrypoint]: %s\n' "$*" >&2
  exit 1
}

# NAME from its variable or from the file that NAME_FILE names, else the default. Exported, so that the second pass
# (after stepping down) has the value even where only root could read the file.
from_file() {
  local name=$1 default=${2-} file_name="$1_FILE" value
  if [[ ${!name} && ${!file_name} ]]; then
    fail "Both $name and $file_name are set (but are exclusive)"
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
  local setting
  from_file MYSQL_ROOT_HOST %
  for setting in ROOT_PASSWORD DATABASE USER PASSWORD; do from_file "MYSQL_$setting"; done
  for setting in ROOT_HOST ROOT_PASSWORD DATABASE USER PASSWORD; do
    local old="MYSQL_$setting"
    from_file "MARIADB_$setting" "${!old}"
  done
  allow_empty=${MARIADB_ALLOW_EMPTY_ROOT_PASSWORD:-$MYSQL_ALLOW_EMPTY_PASSWORD}
  random=${MARIADB_RANDOM_ROOT_PASSWORD:-$MYSQL_RANDOM_ROOT_PASSWORD}
  has_database=
  if [[ -d $data/mysql ]]; then has_database=yes; fi
}

# Fails when a folder of another owner cannot be looked into: what `find` misses, the server could not use.
prepare_folders() {
  mkdir -p "$data"
  find "$data" ! -user mysql -exec chown mysql: '{}' +
  find "${socket%/*}" -maxdepth 0 ! -user mysql -exec chown mysql: '{}' \;
}

quoted() {
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\\\'}"
}

sql() {
  mariadb --protocol=socket --socket="$socket" --user=root --binary-mode "$@"
}

start_for_init() {
  "$@" --skip-networking --socket="$socket" &
  init_pid=$!
  local try
  for ((try = 0; try < 60; try++)); do
    if sql --execute 'SELECT 1' &>/dev/null; then return 0; fi
    kill -0 "$init_pid" 2>/dev/null || break
    sleep 0.5
  done
  fail "the server for the first set-up did not start"
}

# The password of the account that healthcheck.sh uses is in a file that only the service's user may read.
health_account() {
  local password host
  password=$(tr -dc A-Za-z0-9 </dev/urandom | head -c 32 || :)
  for host in 127.0.0.1 ::1 localhost; do
    echo "CREATE USER IF NOT EXISTS healthcheck@'$host' IDENTIFIED BY '$password';"
    echo "GRANT USAGE ON *.* TO healthcheck@'$host';"
  done
  (
    umask 0077
    printf '[mariadb-client]\nport=3306\nsocket=%s\nuser=healthcheck\npassword=%s\nprotocol=tcp\n' \
      "$socket" "$password" >"$data/.my-healthcheck.cnf"
  )
}

accounts() {
  local password
  password=$(quoted "$MARIADB_ROOT_PASSWORD")
  # mariadb-install-db makes accounts without a password for these hosts.
  echo "DELETE FROM mysql.global_priv WHERE User = 'root' AND Host <> 'localhost'; FLUSH PRIVILEGES;"
  health_account
  if [[ $MARIADB_DATABASE ]]; then echo "CREATE DATABASE IF NOT EXISTS \`$MARIADB_DATABASE\`;"; fi
  if [[ $MARIADB_USER ]]; then
    echo "CREATE USER $(quoted "$MARIADB_USER")@'%' IDENTIFIED BY $(quoted "$MARIADB_PASSWORD");"
    if [[ $MARIADB_DATABASE ]]; then
      echo "GRANT ALL ON \`$MARIADB_DATABASE\`.* TO $(quoted "$MARIADB_USER")@'%';"
    fi
  fi
  if [[ $MARIADB_ROOT_HOST != localhost ]]; then
    echo "CREATE USER root@$(quoted "$MARIADB_ROOT_HOST") IDENTIFIED BY $password;"
    echo "GRANT ALL ON *.* TO root@$(quoted "$MARIADB_ROOT_HOST") WITH GRANT OPTION;"
  fi
  echo "SET PASSWORD FOR root@localhost = PASSWORD($password);"
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
      *.sql) sql ${MARIADB_DATABASE:+--database="$MARIADB_DATABASE"} <"$file" ;;
    esac
  done
}

initialise() {
  if [[ -z $MARIADB_ROOT_PASSWORD$allow_empty$random ]]; then
    fail "Database is uninitialized and password option is not specified"
  fi
  if [[ $random ]]; then
    MARIADB_ROOT_PASSWORD=$(tr -dc A-Za-z0-9 </dev/urandom | head -c 32 || :)
    echo "GENERATED ROOT PASSWORD: $MARIADB_ROOT_PASSWORD"
  fi
  mariadb-install-db --datadir="$data" --rpm --auth-root-authentication-method=normal --skip-test-db "${@:2}"
  start_for_init "$@"
  accounts | sql --database=mysql
  export MYSQL_PWD=$MARIADB_ROOT_PASSWORD
  run_init_files
  unset MYSQL_PWD
  kill "$init_pid"
  wait "$init_pid"
}

only_asks() {
  local argument
  for argument; do
    case $argument in
      -'?' | --help | --print-defaults | -V | --version) return 0 ;;
    esac
  done
  return 1
}

main() {
  if [[ ${1:0:1} == - ]]; then set -- mariadbd "$@"; fi
  if [[ $1 == mariadbd || $1 == mysqld ]] && ! only_asks "$@"; then
    read_settings
    if [[ $EUID -eq 0 ]]; then
      prepare_folders
      exec gosu mysql "${BASH_SOURCE[0]}" "$@"
    fi
    if [[ -z $has_database ]]; then initialise "$@"; fi
  fi
  exec "$@"
}

main "$@"
