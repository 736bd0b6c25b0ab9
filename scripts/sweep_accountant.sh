#!/usr/bin/env bash
# How wide are the accountant's intervals? Asks "pld" random questions of five families (tests/accounting/interval_sweep.cpp),
# always the same, and prints how many intervals are wider than 0.1 %. Exit code 1 when more than one in fifty is.
# usage: scripts/sweep_accountant.sh [CASES of each family, 400 if left away]
set -euo pipefail
cd "$(dirname "$0")/.."

./scripts/build.sh release accounting_sweep
build/release/bin/accounting_sweep "$@"
