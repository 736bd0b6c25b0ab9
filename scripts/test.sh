#!/usr/bin/env bash
# Sets everything up and runs every test.
# usage: scripts/test.sh [PRESET]     release (default), or sanitize
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:-release}
./scripts/build.sh "$preset"
ctest --preset "$preset"
