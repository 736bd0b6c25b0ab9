"""Are closed sets closed by the compiler? Adds a dummy kind to each of them in a copy of the tree and shows the places that
no longer compile: what whoever adds a real one has to visit. A set without such a place, or a place named here that
compiles all the same, is a red test.

usage: closed_sets_test.py BUILD_FOLDER    (run by ctest under the name `closed_sets`; the folder holds
                                            compile_commands.json)
"""

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

# enum -> where a new kind must be noticed, by a switch without default. Others may be found beside them.
ENUMS = {
    "SamplerKind": [
        "src/dpsgd/sampler.cpp",
        "src/dpsgd/training_plan.cpp",
        "src/config/read_privacy.cpp",
        "src/config/describe_program.cpp",
        "src/audit/audit.cpp",
        "src/audit/plan_checks.cpp",
    ],
    "Neighbours": [
        "src/accounting/event.cpp",
        "src/accounting/event_facts.cpp",
        "src/config/describe_program.cpp",
    ],
    "InitialWeights": [
        "src/accounting/chain.cpp",
        "src/audit/spent.cpp",
        "src/config/describe_program.cpp",
        "src/train/initial_model.cpp",
    ],
    "FilterMethod": ["src/accounting/filter.cpp"],
    "Sampling": ["src/accounting/schedule.cpp"],
    "GaussianSampling": ["src/accounting/renyi/sampled_gaussian_curve.cpp"],
    "ClipGroups": ["src/dpsgd/clip_rule.cpp"],
    "ClipWeight": ["src/dpsgd/clip_rule.cpp"],
    "ClipBound": ["src/dpsgd/clip_rule.cpp"],
    "StopBasis": ["src/io/ending.cpp"],
    "Ending": ["src/io/ending.cpp", "tools/train.cpp"],
    "NoiseKey": ["src/io/ending.cpp", "src/io/model_file.cpp", "src/audit/plan_checks.cpp"],
    "OptimizerKind": [
        "src/optim/optimizer.cpp",
        "src/config/read_training.cpp",
        "src/config/describe_program.cpp",
    ],
    "ScheduleKind": [
        "src/optim/schedule.cpp",
        "src/config/read_training.cpp",
        "src/config/describe_program.cpp",
    ],
    "Loss": [
        "src/layers/losses.cpp",
        "src/layers/loss_options.cpp",
        "src/layers/scoring.cpp",
        "src/layers/row_schema.cpp",
        "src/config/check_fit.cpp",
        "src/config/describe_program.cpp",
    ],
    "PaddingMode": ["src/layers/padding.cpp"],
    "Mode": ["src/layers/embedding_bag.cpp"],
    "Output": ["src/layers/recurrent.cpp"],
    "Nonlinearity": ["src/layers/rnn.cpp"],
    "Activation": ["src/layers/transformer_encoder_layer.cpp"],
    "WeightOrder": ["src/autograd/parameter.cpp"],
    "FloatFormat": ["src/tensor/float_formats.cpp"],
    "InputLayout": ["src/data/tensor_dataset.cpp"],
    "MissingValue": ["src/data/csv.cpp"],
    "UnknownValue": ["src/data/csv.cpp"],
    "NumericRange": ["src/data/csv.cpp"],
}

# name -> (the end of its list of alternatives, where a new one must be noticed by std::visit without catch-all)
VARIANTS = {
    "EventKind": (
        r"(using EventKind = std::variant<[^;]*?)>;",
        [
            "src/accounting/closed_forms/gdp_accountant.cpp",
            "src/accounting/event.cpp",
            "src/accounting/event_facts.cpp",
            "src/accounting/event_rounding.cpp",
            "src/accounting/event_text.cpp",
            "src/accounting/group.cpp",
            "src/accounting/leaves.cpp",
            "src/accounting/pld/pairs_of_ledger.cpp",
            "src/accounting/renyi/renyi_cost.cpp",
            "src/accounting/renyi/zcdp_accountant.cpp",
        ],
    ),
    "Mechanism": (
        r"(using Mechanism = std::variant<[^;]*?)>;",
        ["src/dpsgd/mechanism.cpp", "src/dpsgd/clipped_sum.cpp"],
    ),
    "Communicator": (r"(using Communicator = std::variant<[^;]*?)>;", ["src/dpsgd/gaussian_mechanism.cpp"]),
    "PerSampleGrad::Form": (r"(using Form = std::variant<Dense,[^;]*?)>;", ["src/autograd/per_sample_grad.cpp"]),
    "NumberRule": (r"(using NumberRule = std::variant<[^;]*?)>;", ["src/tensor/number_rule.cpp"]),
    "DataOptions::source": (r"(std::variant<IdxSource,[^;]*?)> source;", ["src/train/open_dataset.cpp"]),
    "CsvColumn::kind": (r"(std::variant<CsvIgnored,[^;]*?)> kind;", ["src/data/csv.cpp", "src/data/csv_schema.cpp"]),
}

# A comparison takes what it does not know for one of the others; these sets are asked by switch alone.
NEVER_COMPARED = [
    "SamplerKind",
    "Neighbours",
    "InitialWeights",
    "NoiseKey",
    "StopBasis",
    "ClipGroups",
    "ClipWeight",
    "ClipBound",
    "OptimizerKind",
    "ScheduleKind",
    "Mode",
    "Output",
    "Nonlinearity",
    "Activation",
]


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


def with_variant(folder, name):
    dummy = "Dummy" + name.split("::")[0]
    pattern, _ = VARIANTS[name]
    edit_one(folder, pattern, lambda match: match[0].replace(match[1], f"{match[1]}, ::dpml::{dummy}"))
    header = next(path for path in sources(folder) if dummy in path.read_text())
    definition = f"namespace dpml {{\nstruct {dummy} {{ bool operator==(const {dummy}&) const = default; }};\n}}\n"
    header.write_text(header.read_text().replace("#pragma once\n", "#pragma once\n" + definition, 1))


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


def messages_of_copy(build, files, add_dummies):
    """{file: (exit code, messages)} of the files, compiled in a copy of the tree that has the dummies."""
    with tempfile.TemporaryDirectory() as temporary:
        copy = pathlib.Path(temporary)
        for part in ("include", "src", "tools"):
            shutil.copytree(ROOT / part, copy / part)
        add_dummies(copy)
        compiler = Compiler(build, copy)
        files = [name for name in files if name in compiler.commands]
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            return dict(zip(files, pool.map(compiler.messages, files)))


def files_with(pattern, rooms=("src", "tools")):
    names = ((path.relative_to(ROOT).as_posix(), path) for path in sources(ROOT))
    return [name for name, path in names if name.startswith(tuple(rooms)) and re.search(pattern, path.read_text())]


def places_of_enums(build):
    """{enum: {file: its lines whose switch does not handle the dummy}}"""
    found = {name: {} for name in ENUMS}
    answers = messages_of_copy(build, files_with(r"\bcase (\w+::)*(" + "|".join(ENUMS) + ")::"), with_enums)
    for place, (_, text) in answers.items():
        for name in ENUMS:
            error = rf"{re.escape(place)}:(\d+):\d+: error: enumeration value .dummy_{name}. not handled"
            lines = sorted(set(map(int, re.findall(error, text))))
            if lines:
                found[name][place] = lines
    return found


def places_of_variant(build, name):
    """{file: its lines that the errors about the dummy lead to}; no other set of the copy has one."""
    _, places = VARIANTS[name]
    rooms = {"/".join(place.split("/")[:2]) + "/" for place in places}
    answers = messages_of_copy(build, files_with(r"std::visit\(", rooms), lambda copy: with_variant(copy, name))
    found = {}
    for place, (code, text) in answers.items():
        if code != 0 and "Dummy" in text:
            lines = re.findall(rf"{re.escape(place)}:(\d+):\d+: (?:error|  required from)", text)
            found[place] = sorted(set(map(int, lines)))
    return found


def open_places(name):
    """Why the places named for a set could take a new kind for one that they know."""
    for place in ENUMS.get(name, []):
        for number, line in enumerate((ROOT / place).read_text().splitlines(), 1):
            if re.search(r"^\s*default:", line):
                yield f"{place}:{number}: a default takes whatever kind of {name} it does not know"


def comparisons():
    for path in sources(ROOT):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(rf"[!=]= *(\w+::)*({'|'.join(NEVER_COMPARED)})::", line):
                yield f"{path.relative_to(ROOT)}:{number}: compares, where a switch would not forget a new kind"


def main(build):
    found = places_of_enums(build) | {name: places_of_variant(build, name) for name in VARIANTS}
    expected = ENUMS | {name: places for name, (_, places) in VARIANTS.items()}
    problems = list(comparisons())
    for name, places in expected.items():
        print(f"{name}: a new kind does not compile in")
        for place, lines in sorted(found[name].items()):
            print(f"  {place}: {', '.join(map(str, lines))}")
        problems += [f"{name}: {place} compiles with a new kind" for place in places if place not in found[name]]
        problems += open_places(name)
    print("\n".join(problems) or "every closed set is closed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
