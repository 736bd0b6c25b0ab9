#!/usr/bin/env bash
# Does building the command alone build all that is installed? Nothing is built here: Ninja says what the target needs.
# usage: installable_test.sh BUILD_FOLDER
set -euo pipefail

build=$1
needed=$(ninja -C "$build" -t inputs dpml_tool)
installed=$(grep -rhoE "\"$build/([^\"]+\.a|bin/[^\"]+)\"" --include=cmake_install.cmake "$build" | tr -d '"' | sort -u) || true
missing=0
for wanted in bin/dpml src/base/libdpml_base.a; do  # what is surely installed, so that a list of nothing passes for nothing
  grep -qxF -- "$build/$wanted" <<< "$installed" || { echo "no cmake_install.cmake below $build installs $wanted"; missing=1; }
done
while IFS= read -r file; do
  name=${file#"$build"/}
  [ "$name" = bin/dpml ] && continue
  grep -qxF -- "$name" <<< "$needed" || { echo "dpml_tool does not need $name, which cmake --install wants"; missing=1; }
done <<< "$installed"
exit "$missing"
