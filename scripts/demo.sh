#!/usr/bin/env bash
# Installs what is missing, builds, trains a private CNN on Fashion-MNIST and audits it.
# usage: scripts/demo.sh [FOLDER]     where the run goes; a new folder under runs/ when left out
set -euo pipefail
cd "$(dirname "$0")/.."

./scripts/build.sh release dpml_tool
dpml=build/release/bin/dpml
run=${1:-runs/fashion_mnist_cnn_$(date +%Y%m%d_%H%M%S)}

echo
echo "== The plan, before any image is read"
"$dpml" plan models/fashion_mnist/cnn.txtpb
echo
echo "== Training"
"$dpml" train models/fashion_mnist/cnn.txtpb --out "$run"
echo
echo "== Audit"
"$dpml" audit "$run"
echo
echo "Look inside:  $dpml inspect $run"
echo "Evaluate:     $dpml eval $run"
