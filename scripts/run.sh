#!/usr/bin/env bash
# Installs what is missing, builds release and runs tcp-forwarder: the demo, or with the arguments given.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

"$root/scripts/setup.sh" build
(
  cd "$root"
  if [ ! -f build/release/build.ninja ]; then
    echo "run: configuring"
    cmake --preset release -DFWD_BUILD_TESTS=OFF -DFWD_BUILD_BENCH=OFF >/dev/null
  fi
  echo "run: building release (a first build takes a few minutes)"
  cmake --build --preset release --target tcp-forwarder | tail -n 1
)

[ $# -gt 0 ] || set -- demo
echo "run: tcp-forwarder $*"
exec "$root/build/release/tcp-forwarder" "$@"
