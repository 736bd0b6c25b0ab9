#!/usr/bin/env bash
# Times a private and a non-private step of the shipped MLP and CNN, in turns in one process. Needs a quiet machine.
# usage: scripts/bench.sh [extra arguments of Google Benchmark]
set -euo pipefail
cd "$(dirname "$0")/.."

./scripts/build.sh bench step_bench
build/bench/bin/step_bench --benchmark_enable_random_interleaving=true --benchmark_repetitions=15 \
  --benchmark_min_time=0.2 --benchmark_report_aggregates_only=true "$@"
