#!/usr/bin/env bash
# Installs the Debian 12 packages that dpml is built from, tested with and demonstrated on; only those that are missing.
# usage: scripts/install_packages.sh [further packages]
set -euo pipefail

packages=(
  build-essential cmake ninja-build pkg-config ca-certificates
  libdnnl-dev libopenblas-openmp-dev libeigen3-dev   # matrix products as build choices, twins of ours in tests
  libssl-dev zlib1g-dev libzip-dev libhdf5-dev libkissfft-dev
  libprotobuf-dev protobuf-compiler libcli11-dev nlohmann-json3-dev
  libgtest-dev libbenchmark-dev
  dataset-fashion-mnist                              # the demo's data
  ccache                                             # a second build takes seconds
  clang-format-14                                    # the form of the sources, in a test
  python3                                            # includes, docs and the command in tests
  libonnx-testdata                                   # what ONNX's operators give, for forward values in tests
  python3-h5py                                       # model files as others read and forge them, in tests
)
packages+=("$@")

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

if ! command -v apt-get > /dev/null; then
  echo "dpml builds on Debian 12 and this machine has no apt-get. Install what corresponds to: ${missing[*]}" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo > /dev/null; then
    echo "These Debian packages are missing, and you are neither root nor have sudo. Ask for:" >&2
    echo "  apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "Installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
if ! "${as_root[@]}" apt-get update -qq ||
   ! "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null; then
  echo "apt-get could not install: ${missing[*]}" >&2
  exit 1
fi
