#!/usr/bin/env bash
# Installs what the comparison with HAProxy and nginx needs, builds, and runs it; options go to compare.py.
# Usage: sudo bench/run.sh [--rounds N] [--rows a,b] ...   (results: build/bench, or OUT)
set -euo pipefail
cd "$(dirname "$0")/.."

wanted="haproxy nginx-light libnginx-mod-stream openssl util-linux iproute2 python3 python3-matplotlib"
out="${OUT:-build/bench}"

# Servers that their packages would start must not run beside the measurement.
install_missing() {
  local policy=/usr/sbin/policy-rc.d missing=() package
  command -v apt-get >/dev/null || { echo "run: no apt-get here; needed: $wanted"; return 0; }
  for package in $wanted; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" -eq 0 ] || { echo "run: run as root or install ${missing[*]}" >&2; exit 1; }
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap "rm -f $policy" EXIT
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

scripts/setup.sh build
install_missing
first_time=()
[ -f build/release/build.ninja ] || first_time=(-DFWD_BUILD_TESTS=OFF)
# Under sudo what is built stays the caller's.
as_caller=()
[ -z "${SUDO_USER:-}" ] || as_caller=(sudo -u "$SUDO_USER")
"${as_caller[@]}" cmake --preset release -DFWD_BUILD_BENCH=ON "${first_time[@]}" >/dev/null
echo "run: building (the first time takes a few minutes)"
"${as_caller[@]}" cmake --build --preset release --target tcp-forwarder load | tail -n 1
"${as_caller[@]}" mkdir -p "$out"
# Not another Python that may come first in PATH: the package of matplotlib belongs to this one.
/usr/bin/python3 bench/compare.py --binary build/release/tcp-forwarder --json "$out/result.json" --plots "$out" "$@" |
  tee "$out/result.md"
