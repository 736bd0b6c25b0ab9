"""Are closed sets closed by the compiler? Adds a dummy kind to each of them in a copy of the tree and shows the places that
no longer compile: what whoever adds a real one has to visit. A set without such a place, or a place named here that
compiles all the same, is a red test.

usage: closed_sets_test.py BUILD_FOLDER    (run by ctest under the name `closed_sets`; the folder holds
                                            compile_commands.json)
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# enum -> where a new kind must be noticed. Others may be found beside them.
ENUMS = {
    "SamplerKind": [
        "src/dpsgd/sampler.cpp",
        "src/dpsgd/training_plan.cpp",
        "src/config/read_privacy.cpp",
        "src/config/describe_program.cpp",
        "src/audit/audit.cpp",
        "src/audit/plan_checks.cpp",
    ],
    "Neighbours": ["src/config/describe_program.cpp"],
    "InitialWeights": ["src/dpsgd/privacy_options.cpp", "src/config/describe_program.cpp"],
    "StopBasis": ["src/io/ending.cpp"],
    "Ending": ["src/io/ending.cpp", "src/train/claim.cpp", "tools/train.cpp"],
    "NoiseKey": ["src/io/ending.cpp", "src/io/model_file.cpp", "src/audit/plan_checks.cpp"],
    "OptimizerKind": [
        "src/optim/optimizer.cpp",
        "src/config/read_training.cpp",
        "src/config/describe_program.cpp",
    ],
    "ScheduleKind": [
        "src/optim/schedule.cpp",
        "src/optim/optimizer.cpp",
        "src/config/read_training.cpp",
        "src/config/describe_program.cpp",
    ],
    "Loss": [
        "src/layers/losses.cpp",
        "src/layers/scoring.cpp",
        "src/layers/row_schema.cpp",
        "src/config/check_fit.cpp",
        "src/config/describe_program.cpp",
    ],
    "InputLayout": ["src/data/tensor_dataset.cpp"],
    "MissingValue": ["src/data/csv.cpp"],
    "UnknownValue": ["src/data/csv.cpp"],
    "NumericRange": ["src/data/csv.cpp"],
}

# name -> (the end of its list of alternatives, where a new one must be noticed)
VARIANTS = {
    "EventKind": (r"(using EventKind = std::variant<[^;]*?)>;", []),
    "DataOptions::source": (r"(std::variant<IdxSource,[^;]*?)> source;", ["src/train/open_dataset.cpp"]),
}

# A comparison takes what it does not know for one of the others; these sets are asked by switch alone.
NEVER_COMPARED = ["SamplerKind", "OptimizerKind", "ScheduleKind", "StopBasis"]


def sources(folder):
    for part in ("include", "src", "tools"):
        yield from sorted(path for path in (folder / part).rglob("*") if path.suffix in (".h", ".cpp"))


def edit_one(folder, pattern, replacement):
    """Applies the replacement in the one place of the tree that fits."""
    found = [path for path in sources(folder) if re.search(pattern, path.read_text())]
    if len(found) != 1:
        raise SystemExit(f"expected {pattern} in one file, found it in {[str(path) for path in found]}")
    text, count = re.subn(pattern, replacement, found[0].read_text())
    assert count == 1, pattern
    found[0].write_text(text)


def with_enums(folder):
    for name in ENUMS:
        edit_one(folder, rf"(enum class {name}\b[^{{;]*{{)", rf"\1 dummy_{name}, ")
    return {name: f"dummy_{name}" for name in ENUMS}


def with_variants(folder):
    dummies = {}
    for name, (pattern, _) in VARIANTS.items():
        dummy = "Dummy" + name.split("::")[0]
        edit_one(folder, pattern, lambda match, dummy=dummy: match[0].replace(match[1], f"{match[1]}, {dummy}"))
        header = next(path for path in sources(folder) if dummy in path.read_text())
        definition = f"struct {dummy} {{ bool operator==(const {dummy}&) const = default; }};\n"
        header.write_text(header.read_text().replace("namespace dpml {\n", "namespace dpml {\n" + definition, 1))
        dummies[name] = dummy
    return dummies


class Compiler:
    """Compiles single files of a copied tree, as the build does, for their messages."""

    def __init__(self, build, copy):
        self.copy = copy
        self.commands = {}
        for entry in json.loads((build / "compile_commands.json").read_text()):
            path = pathlib.Path(entry["directory"], entry["file"]).resolve()
            if path.is_relative_to(ROOT):
                words = shlex.split(entry["command"]) if "command" in entry else entry["arguments"]
                self.commands[path.relative_to(ROOT).as_posix()] = (entry["directory"], words)

    def messages(self, name):
        folder, words = self.commands[name]
        words = words[next(i for i, word in enumerate(words) if re.search(r"(\+\+|clang|gcc)(-\d+)?$", word)) :]
        arguments = []
        skip = False
        for word in words:
            if skip or word in ("-o", "-MT", "-MF", "-MD", "-c"):
                skip = not skip and word in ("-o", "-MT", "-MF")
                continue
            for part in ("include", "src", "tools"):
                word = re.sub(rf"{re.escape(str(ROOT))}/{part}(?=/|$)", f"{self.copy}/{part}", word)
            arguments.append(word)
        arguments += ["-fsyntax-only", "-fdiagnostics-color=never"]
        environment = os.environ | {"LC_ALL": "C"}
        result = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, env=environment)
        return result.returncode, result.stderr


def places_by_dummy(build, add_dummies, mention):
    """{set: {file that fails: its lines that say so}}"""
    with tempfile.TemporaryDirectory() as temporary:
        copy = pathlib.Path(temporary)
        for part in ("include", "src", "tools"):
            shutil.copytree(ROOT / part, copy / part)
        dummies = add_dummies(copy)
        compiler = Compiler(build, copy)
        files = [name for name in compiler.commands if re.search(mention, (ROOT / name).read_text())]
        files = [name for name in files if name.startswith(("src/", "tools/"))]
        found = collections.defaultdict(dict)
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            for name, (code, text) in zip(files, pool.map(compiler.messages, files)):
                for kind, dummy in dummies.items():
                    if code != 0 and re.search(rf"\b{dummy}\b", text):
                        lines = re.findall(rf"{re.escape(name)}:(\d+):\d+: (?:error|  required from here)", text)
                        found[kind][name] = sorted(set(map(int, lines)))
        return found


def main(build):
    found = places_by_dummy(build, with_enums, r"\bcase (\w+::)*(" + "|".join(ENUMS) + ")::")
    found |= places_by_dummy(build, with_variants, r"std::visit\(")
    expected = ENUMS | {name: places for name, (_, places) in VARIANTS.items()}
    problems = []
    for name, places in expected.items():
        print(f"{name}: a new kind does not compile in")
        for place, lines in sorted(found[name].items()):
            print(f"  {place}" + (f": {', '.join(map(str, lines))}" if lines else ""))
        problems += [f"{name}: {place} compiles with a new kind" for place in places if place not in found[name]]
        if not found[name]:
            problems.append(f"{name}: no place notices a new kind")
    for path in sources(ROOT):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(rf"[!=]= *({'|'.join(NEVER_COMPARED)})::", line):
                problems.append(f"{path.relative_to(ROOT)}:{number}: compares, where a switch would not forget a new kind")
    print("\n".join(problems) or "every closed set is closed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
