"""Each program here breaks one promise that types keep. It must compile as it is, and must not with DPML_BREAKS defined,
for the reason that its first line names (a regular expression on what the compiler says).

usage: compile_fail_test.py COMPILER INCLUDE_FOLDER...
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

FOLDER = pathlib.Path(__file__).parent


def compiles(command, source, *more):
    done = subprocess.run([*command, *more, str(source)], capture_output=True, text=True)
    return done.returncode == 0, done.stderr


def problem_of(command, source):
    """What is wrong with the program; None when it is refused as it should be."""
    reason = re.match(r"// refused: (.+)", source.read_text())
    if not reason:
        return f"{source.name}: its first line does not say // refused: REASON"
    good, said = compiles(command, source)
    if not good:
        return f"{source.name}: does not compile as it is\n{said}"
    good, said = compiles(command, source, "-DDPML_BREAKS")
    if good:
        return f"{source.name}: COMPILES although it breaks a promise"
    if not re.search(reason.group(1), said):
        return f"{source.name}: fails for another reason than {reason.group(1)}\n{said}"
    return None


def main():
    compiler, *includes = sys.argv[1:]
    command = [compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", *(f"-I{it}" for it in includes)]
    programs = sorted(FOLDER.glob("*.cpp"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [it for it in pool.map(lambda source: problem_of(command, source), programs) if it]
    for problem in problems:
        print(problem)
    print(f"{len(programs)} programs, {len(problems)} problems")
    return 1 if problems or not programs else 0


if __name__ == "__main__":
    sys.exit(main())
