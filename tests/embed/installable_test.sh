#!/usr/bin/env bash
# Does building the command alone build all that is installed? Nothing is built here: Ninja says what the target needs.
# usage: installable_test.sh BUILD_FOLDER
set -euo pipefail

build=$1
needed=$(ninja -C "$build" -t inputs dpml_tool)
missing=0
while IFS= read -r file; do
  name=${file#"$build"/}
  [ "$name" = bin/dpml ] && continue
  grep -qxF -- "$name" <<< "$needed" || { echo "dpml_tool does not need $name, which cmake --install wants"; missing=1; }
done < <(grep -rhoE "\"$build/[^\"]+(\.a|/bin/[^\"]+)\"" --include=cmake_install.cmake "$build" | tr -d '"' | sort -u)
exit "$missing"
