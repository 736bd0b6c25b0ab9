"""Do the kernels for one instruction set keep their code to themselves? A function of a header that is compiled there and
not inlined would be shared with the rest of dpml by the linker, which picks one copy: perhaps the one with instructions
that other processors lack.

usage: kernel_symbols_test.py NM LIBRARY    (run by ctest under the name `kernel_symbols`)
"""

import re
import subprocess
import sys

KERNELS = re.compile(r"gemm_avx\w+\.cpp")
SHARED = set("WVu")  # defined weak and unique symbols


def main(nm, library):
    lines = subprocess.run([nm, "--print-file-name", library], check=True, capture_output=True, text=True).stdout
    seen = set()
    problems = []
    for line in lines.splitlines():
        place, _, rest = line.rpartition(":")
        kernel = KERNELS.search(place)
        if not kernel:
            continue
        seen.add(kernel[0])
        kind, name = rest.split()[-2:]
        if kind in SHARED:
            problems.append(f"{kernel[0]} defines {name}, which the linker may give to the rest of dpml")
    if len(seen) != 2:
        problems.append(f"expected the kernels of AVX2 and AVX-512 in {library}, found {sorted(seen)}")
    print("\n".join(problems) or f"{len(seen)} kernels define nothing that others could get")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
