#!/usr/bin/env bash
# Installs what is missing on Debian and its relatives; elsewhere names it and goes on.
# Usage: scripts/setup.sh build | test | check   (each includes the one before)
set -euo pipefail

build="g++ make cmake ninja-build pkg-config libuv1-dev libssl-dev libyaml-cpp-dev prometheus-cpp-dev libcivetweb-dev
  libcli11-dev libspdlog-dev nlohmann-json3-dev libsystemd-dev"
test="libgtest-dev libgmock-dev prometheus python3 python3-pytest iproute2 curl netcat-openbsd nginx-light
  redis-server redis-tools postgresql openssh-server openssh-client systemd haproxy libnginx-mod-stream
  mariadb-server mariadb-client python3-pymysql postfix openssl"
check="clang libclang-rt-14-dev clang-format clang-tidy"

case "${1:-build}" in
  build) wanted="$build" ;;
  test) wanted="$build $test" ;;
  check) wanted="$build $test $check" ;;
  *) echo "usage: $0 build | test | check" >&2; exit 2 ;;
esac

if ! command -v apt-get >/dev/null; then
  echo "setup: no apt-get here. These Debian packages, or your system's names for them, are needed:" $wanted
  exit 0
fi

missing=()
for package in $wanted; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "setup: run as root or install sudo; missing: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi

echo "setup: installing ${missing[*]}"
# Servers that the tests start by themselves must not start now, nor come up with the machine.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod +x "$policy"
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
