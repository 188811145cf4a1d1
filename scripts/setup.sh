#!/bin/sh
# Makes the system packages available that the tests use. Idempotent; installs only as root with apt-get.
# Prints a line on stdout for each thing that is missing in the end, and then exits 1.
set -u

has_postgres() {
  command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

install() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
  echo "installing $* for the tests ..." >&2
  # A package would create and start a database server of its own; the tests start theirs.
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  fi
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "$@"; } >&2
}

has_postgres || install postgresql
missing=0
has_postgres || {
  echo 'the store on PostgreSQL (no initdb: install postgresql, or run as root where apt-get is)'
  missing=1
}
exit "$missing"
