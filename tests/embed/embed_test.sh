#!/usr/bin/env bash
# Installs dpml into a temporary folder, builds the examples against that package alone, runs them, and audits the model
# file that one writes.
# usage: embed_test.sh BUILD_FOLDER SOURCE_FOLDER C++_COMPILER
set -euo pipefail

build=$1 source=$2 compiler=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cmake --install "$build" --prefix "$folder/installed" > "$folder/log" || { cat "$folder/log"; exit 1; }
cp -r "$source/examples" "$folder/examples"  # outside the source tree, so that nothing but the package is found
for example in embed own_layers; do
  cmake -S "$folder/examples/$example" -B "$folder/build" -DCMAKE_PREFIX_PATH="$folder/installed" \
    -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS="${EMBED_CXX_FLAGS:-}" \
    > "$folder/log" || { cat "$folder/log"; exit 1; }
  cmake --build "$folder/build" > "$folder/log" || { cat "$folder/log"; exit 1; }
  mv "$folder/build/$example" "$folder/$example"
  rm -rf "$folder/build"
done
test "$("$folder/own_layers")" = "composed conforms
trusted conforms
per sample conforms"
"$folder/embed" "$folder/model.h5" | tee "$folder/output"

python3 - "$folder/output" <<'PY'
import re, sys
text = open(sys.argv[1]).read()
epsilon, accuracy = map(float, re.fullmatch(r"epsilon (\S+) at delta 1e-5, accuracy (\S+)\n", text).groups())
assert 1.9 < epsilon <= 2.0, text
assert accuracy > 0.8, text
PY

# Where the command is not built there is nothing to audit with.
dpml=$build/bin/dpml
[ -x "$dpml" ] || exit 0
"$dpml" audit "$folder/model.h5" | tee "$folder/audit"
grep -q '^PASSED' "$folder/audit"
grep -q 'trained by the program "dpml embed example 1.0"' "$folder/audit"
