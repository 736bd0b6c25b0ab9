#!/usr/bin/env bash
# Installs what is missing, configures and builds a preset of CMakePresets.json.
# usage: scripts/build.sh PRESET [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:?usage: scripts/build.sh PRESET [TARGET...]}
shift
./scripts/install_packages.sh
cmake --preset "$preset" > /dev/null
cmake --build --preset "$preset" ${1:+--target "$@"}
