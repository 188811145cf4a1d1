#!/bin/sh
# Makes the system packages available that the tests use. Idempotent; installs only as root with apt-get.
# Prints a line on stdout for each thing that is missing in the end, and then exits 1.
set -u

has_postgres() {
  command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

has_redis() {
  command -v redis-server >/dev/null 2>&1
}

has_promtool() {
  command -v promtool >/dev/null 2>&1
}

has_alertmanager() {
  command -v prometheus-alertmanager >/dev/null 2>&1 && command -v amtool >/dev/null 2>&1
}

# Faults of disks and jumps of clocks.
has_strace() {
  command -v strace >/dev/null 2>&1
}

has_faketime() {
  command -v faketime >/dev/null 2>&1
}

has_haproxy() {
  command -v haproxy >/dev/null 2>&1
}

# Proxies as people put them in front.
has_nginx() {
  command -v nginx >/dev/null 2>&1
}

has_caddy() {
  command -v caddy >/dev/null 2>&1
}

has_systemd() {
  command -v systemd-analyze >/dev/null 2>&1 && command -v systemd-socket-activate >/dev/null 2>&1
}

has_python() {
  command -v python3 >/dev/null 2>&1
}

# The commands of the documentation, word for word.
has_curl() {
  command -v curl >/dev/null 2>&1
}

# The page of a report, as people see it; without a font nothing has a width.
has_chromium() {
  command -v chromium >/dev/null 2>&1 &&
    ls /usr/share/fonts/truetype/liberation*/LiberationSans-Regular.ttf >/dev/null 2>&1
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
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "$@" ||
      # A package that is not to be had does not keep the others away.
      for package in "$@"; do
        apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "$package"
      done
  } >&2
}

# All at once: lists are read and packages unpacked once.
wanted=
want() {
  check=$1
  shift
  "$check" || wanted="$wanted $*"
}

want has_postgres postgresql
want has_redis redis-server
want has_promtool prometheus
want has_alertmanager prometheus-alertmanager
want has_strace strace
want has_faketime faketime
want has_haproxy haproxy
want has_nginx nginx-light
want has_caddy caddy
want has_systemd systemd
want has_python python3-minimal
want has_curl curl
want has_chromium chromium fonts-liberation
# shellcheck disable=SC2086 # several packages
[ -z "$wanted" ] || install $wanted

missing=0
has_postgres || {
  echo 'the store on PostgreSQL (no initdb: install postgresql, or run as root where apt-get is)'
  missing=1
}
has_redis || {
  echo 'the checklist before Redis (no redis-server: install it, or run as root where apt-get is)'
  missing=1
}
has_promtool || {
  echo 'the form of the metrics (no promtool: install prometheus, or run as root where apt-get is)'
  missing=1
}
has_alertmanager || {
  echo 'alerts (no prometheus-alertmanager: install it, or run as root where apt-get is)'
  missing=1
}
has_strace || {
  echo 'a disk that fails (no strace: install it, or run as root where apt-get is)'
  missing=1
}
has_faketime || {
  echo 'a clock that jumps (no faketime: install it, or run as root where apt-get is)'
  missing=1
}
has_haproxy || {
  echo 'a rolling restart behind a proxy (no haproxy: install it, or run as root where apt-get is)'
  missing=1
}
has_nginx || {
  echo 'the checklist behind nginx (no nginx: install nginx-light, or run as root where apt-get is)'
  missing=1
}
has_caddy || {
  echo 'the checklist behind Caddy (no caddy: install it, or run as root where apt-get is)'
  missing=1
}
has_systemd || {
  echo 'the units of systemd (no systemd-analyze: install systemd, or run as root where apt-get is)'
  missing=1
}
has_python || {
  echo 'handovers (no python3: install it, or run as root where apt-get is)'
  missing=1
}
has_curl || {
  echo 'commands of the documentation (no curl: install it, or run as root where apt-get is)'
  missing=1
}
has_chromium || {
  echo 'the page of a report (no chromium or no fonts-liberation: install them, or run as root where apt-get is)'
  missing=1
}
exit "$missing"
