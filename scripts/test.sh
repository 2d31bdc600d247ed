#!/usr/bin/env bash
# Installs what is missing, builds and runs every test. Arguments go to ctest, as in: scripts/test.sh -R core
# PRESET=asan or tsan tests a sanitizer build.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${PRESET:-release}

case $preset in
  asan | tsan) scripts/setup.sh check ;;  # built by clang
  *) scripts/setup.sh test ;;
esac
echo "test: building $preset"
cmake --preset "$preset" -DFWD_BUILD_TESTS=ON -DFWD_BUILD_BENCH=ON >/dev/null
cmake --build --preset "$preset" | tail -n 1
echo "test: running"
exec ctest --preset "$preset" "$@"
