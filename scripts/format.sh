#!/usr/bin/env bash
# Formats all C++ files as .clang-format says, with clang-format 14, the one of Debian 12: others break lines elsewhere.
# usage: scripts/format.sh [--check]     --check changes nothing and demands that nothing is to be done; it exits with 77
#                                        where clang-format 14 is missing (scripts/install_packages.sh installs it)
set -euo pipefail
cd "$(dirname "$0")/.."

action=(-i)
case "$*" in
  "") ;;
  --check) action=(--dry-run -Werror) ;;
  *)
    echo "usage: scripts/format.sh [--check]" >&2
    exit 2
    ;;
esac

formatter=
for candidate in clang-format-14 clang-format; do
  if "$candidate" --version 2> /dev/null | grep -q 'version 14\.'; then
    formatter=$candidate
    break
  fi
done
if [ -z "$formatter" ]; then
  echo "clang-format 14 is missing, so the formatting is not checked; scripts/install_packages.sh installs it" >&2
  exit 77
fi
find include src tools bench examples tests \( -name '*.h' -o -name '*.cpp' \) -print0 |
  xargs -0 -r -n 50 -P 2 "$formatter" "${action[@]}"
