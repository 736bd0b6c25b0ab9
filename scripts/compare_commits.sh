#!/usr/bin/env bash
# How long does a training step take in two commits? Builds bench/step_bench.cpp of this tree in both, runs the two programs
# in turns and prints the ratio of their medians. Needs a quiet machine.
# usage: scripts/compare_commits.sh BASE [NEW]        NEW: this tree when left out
# environment: ROUNDS (15), FILTER (a regular expression on benchmark names), SECONDS_EACH (0.5)
set -euo pipefail
cd "$(dirname "$0")/.."

base=${1:?usage: scripts/compare_commits.sh BASE [NEW]}
new=${2:-}
rounds=${ROUNDS:-15}
filter=${FILTER:-_private}
seconds=${SECONDS_EACH:-0.5}
./scripts/install_packages.sh
folder=$PWD/build/compare
mkdir -p "$folder"

# bench_of COMMIT: the benchmark of this tree, built in that commit; "" is this tree. Prints its path.
bench_of() {
  local source=$PWD name=tree
  if [ -n "$1" ]; then
    name=$(git rev-parse --short "$1^{commit}")
    source=$folder/$name/source
    if [ ! -d "$source" ]; then
      mkdir -p "$source"
      git archive "$1" | tar --extract --directory "$source"
    fi
    cp bench/step_bench.cpp "$source/bench/step_bench.cpp"
  fi
  cmake -S "$source" -B "$folder/$name/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DDPML_BENCH=ON -DDPML_TESTS=OFF \
    -DDPML_TOOLS=OFF > "$folder/$name.log"
  cmake --build "$folder/$name/build" --target step_bench >> "$folder/$name.log" || { tail "$folder/$name.log" >&2; return 1; }
  echo "$folder/$name/build/bin/step_bench"
}
old_bench=$(bench_of "$base")
new_bench=$(bench_of "$new")

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
for round in $(seq "$rounds"); do
  for side in old new; do
    bench=${side}_bench
    "${!bench}" --benchmark_filter="$filter" --benchmark_min_time="$seconds" --benchmark_format=json \
      > "$results/$side.$round.json" 2> /dev/null
  done
  printf '\rround %s of %s' "$round" "$rounds" >&2
done
echo >&2

python3 - "$results" "$base" "${new:-this tree}" <<'PYTHON'
import glob, json, statistics, sys

folder, base, new = sys.argv[1:]
times = {}
for side in ("old", "new"):
    for path in glob.glob(f"{folder}/{side}.*.json"):
        for run in json.load(open(path))["benchmarks"]:
            times.setdefault(run["name"].replace("/real_time", ""), {"old": [], "new": []})[side].append(run["real_time"])
print(f"{'median of a step, ms':32} {base:>12} {new:>12} {'ratio':>8}   quartiles of each, ms")
for name, both in times.items():
    def quartiles(values):
        low, _, high = statistics.quantiles(values, n=4) if len(values) > 1 else (values[0],) * 3
        return f"{low:.2f} to {high:.2f}"
    old, now = statistics.median(both["old"]), statistics.median(both["new"])
    print(f"{name:32} {old:12.3f} {now:12.3f} {now / old:8.3f}   {quartiles(both['old'])}; {quartiles(both['new'])}")
PYTHON
