#!/bin/sh
# Makes the system packages available that the tests use. Idempotent; installs only as root with apt-get.
# Prints a line on stdout for each thing that is missing in the end, and then exits 1.
set -u

has_postgres() {
  command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

has_promtool() {
  command -v promtool >/dev/null 2>&1
}

# The tests start what they need: no package starts a service or makes a database of its own.
without_services() {
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
  fi
  cluster=/etc/postgresql-common/createcluster.conf
  if [ ! -e "$cluster" ]; then
    mkdir -p "${cluster%/*}"
    echo 'create_main_cluster = false' >"$cluster"
  fi
}

install() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
  echo "installing $* for the tests ..." >&2
  without_services
  export DEBIAN_FRONTEND=noninteractive
  {
    apt-get update -qq &&
      apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "$@"
  } >&2
}

has_postgres || install postgresql
has_promtool || install prometheus

missing=0
has_postgres || {
  echo 'the store on PostgreSQL (no initdb: install postgresql, or run as root where apt-get is)'
  missing=1
}
has_promtool || {
  echo 'the form of the metrics (no promtool: install prometheus, or run as root where apt-get is)'
  missing=1
}
exit "$missing"
