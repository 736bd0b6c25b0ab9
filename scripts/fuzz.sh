#!/usr/bin/env bash
# Fuzzes the readers of what strangers send and of what decides a ledger (the text of events and of configs, the bytes of a
# journal and of a model file), of data files (NumPy, IDX, CSV) and of weights (safetensors, .npz, ONNX) under the address and undefined-behaviour sanitizers. A
# finding is left in build/fuzz and ends the run with an error.
# usage: scripts/fuzz.sh [minutes for each, 10 if left away] [WORD]    only the fuzzers whose name holds WORD
set -euo pipefail
cd "$(dirname "$0")/.."

minutes=${1:-10}
word=${2:-}
./scripts/install_packages.sh clang libclang-rt-14-dev
cmake -S . -B build/fuzz -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER=clang \
  -DCMAKE_CXX_COMPILER=clang++ -DDPML_SANITIZE=address,undefined -DDPML_FUZZ=ON -DDPML_TOOLS=OFF -DDPML_TESTS=OFF > /dev/null
cmake --build build/fuzz --target config_fuzz csv_fuzz events_fuzz idx_fuzz journal_fuzz model_fuzz npy_fuzz npz_fuzz onnx_fuzz\
  safetensors_fuzz

fuzz() {  # what it fuzzes, further options of libFuzzer
  [[ $1 == *"$word"* ]] || return 0
  mkdir -p "build/fuzz/found/$1"
  echo "Fuzzing $1 for $minutes minutes"
  build/fuzz/bin/"$1"_fuzz "build/fuzz/found/$1" "tests/fuzz/corpus/$1" -max_total_time=$((minutes * 60)) \
    -timeout=10 -max_len=4096 -artifact_prefix=build/fuzz/ -print_final_stats=1 "${@:2}" 2>&1 | tail -12
}
fuzz events -dict=tests/fuzz/events.dict -timeout=100  # two seconds are many under the sanitizers
fuzz journal -dict=tests/fuzz/journal.dict
fuzz config -dict=tests/fuzz/config.dict
fuzz model -max_len=20000 -rss_limit_mb=4096
fuzz npy -dict=tests/fuzz/npy.dict
fuzz npz -dict=tests/fuzz/npz.dict -rss_limit_mb=4096
fuzz onnx -rss_limit_mb=4096
fuzz safetensors -dict=tests/fuzz/safetensors.dict
fuzz idx
fuzz csv -dict=tests/fuzz/csv.dict
