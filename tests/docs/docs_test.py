"""Is what the pages show what happens? Every example of README.md, CONTRIBUTING.md and docs/ is run, links and scripts exist.
Needs the binary in $DPML.

In a page, a `console` block is run line by line: `$ ` lines are commands, the lines below are their output. There, `...`
stands for any text inside a line, and for any whole lines where it stands alone: figures are shown to the digits that are the
same everywhere. A block whose first line is `# NAME.txtpb` is a file of that name for the commands of its page.

usage: docs_test.py [CLASS...]    `docs_test.py ProgramOfThePage` needs a Python with h5py, and exits with 77 without
"""

import gzip
import hashlib
import os
import pathlib
import random
import re
import stat
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = {"README.md": 12, "accounting.md": 1, "layers.md": 1, "weights.md": 2}  # how many are run; 0 of the others
LINKING = [*PAGES, ROOT / "CHANGELOG.md"]
READMES = [page for folder in ("src", "tools", "tests", "bench", "examples") for page in sorted((ROOT / folder).rglob("README.md"))]
TIMEOUT = 120  # seconds for one command
LANGUAGES = {"console", "sh", "protobuf", "textproto", "cpp", "cmake", "python", "text"}


def blocks(page, language=None):
    """[(language, text)] of the fenced blocks."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), re.M | re.S)
    return [(name, text) for name, text in found if language in (None, name)]


def examples(text):
    """[(command, lines of output)] of a console block."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def pattern(lines):
    """A regular expression for output that is shown as `lines`."""
    parts = [r"(?:[^\n]*\n)*?" if line == "..." else re.escape(line).replace(re.escape("..."), "[^\n]*") + "\n" for line in lines]
    return re.compile("".join(parts))


def write_images(folder):
    """300 images of noise, in the files that README's config names."""
    draw = random.Random(1)
    pixels = bytes(draw.randrange(256) for _ in range(300 * 28 * 28))
    labels = bytes(draw.randrange(10) for _ in range(300))
    (folder / "images.gz").write_bytes(gzip.compress(struct.pack(">4I", 0x803, 300, 28, 28) + pixels))
    (folder / "labels.gz").write_bytes(gzip.compress(struct.pack(">2I", 0x801, 300) + labels))


def python_with_h5py():
    for python in (sys.executable, "python3", "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import h5py"], capture_output=True).returncode == 0:
            return python
    return None


class PageTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="dpml-docs-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_command(self, page, command):
        binary = pathlib.Path(os.environ["DPML"]).resolve().parent
        environment = {**os.environ, "PATH": f"{binary}{os.pathsep}{os.environ['PATH']}"}
        result = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=self.folder, env=environment, capture_output=True,
                                text=True, timeout=TIMEOUT)
        self.assertEqual(result.returncode, 0, f"{page.name}: $ {command}\n{result.stdout}{result.stderr}")
        return result

    def write_files(self, page):
        for _, text in blocks(page):
            name = re.match(r"# (\w+\.txtpb)\n", text)
            if name:
                (self.folder / name[1]).write_text(text)


class Pages(PageTest):
    def run_page(self, page):
        self.write_files(page)
        commands = [example for _, text in blocks(page, "console") for example in examples(text)]
        for command, lines in commands:
            result = self.run_command(page, command)
            shown = "".join(line + "\n" for line in lines)
            self.assertTrue(pattern(lines).fullmatch(result.stdout),
                            f"{page.name}: $ {command}\nthe page shows\n{shown}but this came out\n{result.stdout}")
        return len(commands)

    def test_every_command_prints_what_its_page_shows(self):
        write_images(self.folder)
        for page in PAGES:
            self.assertEqual(self.run_page(page), COMMANDS.get(page.name, 0), f"{page.name}: COMMANDS says how many commands it shows")
        self.check_run(self.folder / "runs/a")

    def check_run(self, run):
        """The files of a run, and their rights, against the table of docs/file_format.md."""
        page = ROOT / "docs/file_format.md"
        table = page.read_text().split("| file | what it is |", 1)[1].split("\n\n", 1)[0]
        stated = sorted(re.findall(r"^\| `([^`]+)` \|", table, re.M))
        files = sorted(path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file())
        self.assertEqual(files, stated)
        self.assertEqual(stat.S_IMODE((run / "owner").stat().st_mode), 0o700)
        for path in (run / "owner").iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path.name)

    def test_the_journal_of_the_page_is_sealed_as_the_page_says(self):
        def digest(*parts):
            text = b"".join(struct.pack("<Q", len(part)) + part for part in parts)
            return hashlib.sha256(text).hexdigest()

        [journal] = [text for _, text in blocks(ROOT / "docs/file_format.md", "text") if text.startswith("dpml ledger journal")]
        seal = ""
        for line in journal.splitlines():
            body, _, stated = line.rpartition(" ")
            seal = digest(seal.encode(), body.encode())[:12]
            self.assertEqual(stated, seal, line)

    def test_the_program_of_the_readme_is_the_compiled_one(self):
        program = [line.strip() for line in (ROOT / "examples/embed/main.cpp").read_text().splitlines()]
        shown = [list(filter(None, map(str.strip, text.splitlines()))) for _, text in blocks(ROOT / "README.md", "cpp")]
        self.assertEqual(len(shown), 1, "the README shows its heart")
        for lines in shown:
            self.assertGreater(len(lines), 5)
            at = 0
            for line in lines:
                self.assertIn(line, program[at:], "examples/embed/main.cpp has no such line, or not there")
                at = program.index(line, at) + 1

    def test_every_block_says_what_it_is(self):
        for page in PAGES + READMES:
            for language, text in blocks(page):
                self.assertIn(language, LANGUAGES, f"{page.relative_to(ROOT)}: ```{language}\n{text[:200]}")

    def test_links_lead_somewhere(self):
        for page in LINKING + READMES:
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
                self.assertTrue((page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}")

    def test_scripts_that_are_named_exist(self):
        for page in LINKING + READMES:
            for script in re.findall(r"(?<![\w/])(?:\./)?(scripts/\w+\.sh)", page.read_text()):
                self.assertTrue(os.access(ROOT / script, os.X_OK), f"{page.relative_to(ROOT)} names {script}")


class ProgramOfThePage(PageTest):
    def test_reads_the_model_of_a_run(self):
        readme, page = ROOT / "README.md", ROOT / "docs/file_format.md"
        write_images(self.folder)
        self.write_files(readme)
        [train] = [line for _, text in blocks(readme, "console") for line, _ in examples(text) if line.startswith("dpml train ")]
        self.run_command(readme, train)
        [(_, program)] = blocks(page, "python")
        result = subprocess.run([python_with_h5py(), "-c", program], cwd=self.folder / "runs/a", capture_output=True, text=True,
                                timeout=TIMEOUT)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"^1\.weight float32 \(256, 784\)\n(.*\n)*epsilon 2\.99\d* at delta 1e-05, add_or_remove_one\n$")


class Comparison(unittest.TestCase):
    """What counts as the output that a page shows."""

    def test_dots_stand_for_text_and_for_lines(self):
        shown = pattern(["epsilon 1.2... holds", "...", "last"])
        self.assertTrue(shown.fullmatch("epsilon 1.234 holds\nlast\n"))
        self.assertTrue(shown.fullmatch("epsilon 1.2 holds\nmore\nand more\nlast\n"))
        self.assertTrue(pattern(["...", "last"]).fullmatch("last\n"))
        self.assertTrue(pattern(["first", "..."]).fullmatch("first\nmore\n"))
        self.assertFalse(pattern(["...", "last"]).fullmatch("not the last\n"), "a part of a line is no line")
        self.assertFalse(pattern(["first", "..."]).fullmatch("first\nmore"), "nor is one without an end")
        for other in ("epsilon 1.3 holds\nlast\n", "epsilon 1.2 holds\nthe last\n", "epsilon 1.2\n holds\nlast\n",
                      "epsilon 1.2 holds\nlast\nmore\n", ""):
            self.assertFalse(shown.fullmatch(other), other)


if __name__ == "__main__":
    if "ProgramOfThePage" in sys.argv and python_with_h5py() is None:
        print("needs Python with h5py (Debian: python3-h5py)")
        sys.exit(77)
    unittest.main()
