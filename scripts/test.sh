#!/usr/bin/env bash
# Sets everything up and runs every test.
# usage: scripts/test.sh [release|quick|clang|sanitize|full]
#   release   (default) what CI runs
#   quick     what it builds, and the tests that take less than ten seconds: for the time between two edits
#   clang     the same, built with clang
#   sanitize  the same under the address and undefined-behaviour sanitizers
#   full      all three, then every random case of the accountants and every sabotage: some hours on 2 cores
set -euo pipefail
cd "$(dirname "$0")/.."

test_preset() {
  if [ "$1" = clang ]; then ./scripts/install_packages.sh clang libomp-dev; fi
  ./scripts/build.sh "$1"
  ctest --preset "$1"
}

what=${1:-release}
case $what in
  release | clang | sanitize)
    test_preset "$what"
    ;;
  quick)
    cmake --build --preset release
    ctest --preset release --label-exclude slow
    ;;
  full)
    for preset in release clang sanitize; do test_preset "$preset"; done
    DPML_ALL_CASES=1 build/release/bin/accounting_test --gtest_brief=1
    ./scripts/sabotage.sh
    ;;
  *)
    echo "usage: scripts/test.sh [release|quick|clang|sanitize|full]; there is no \"$what\"" >&2
    exit 2
    ;;
esac
