"""What tests of the dpml command have in common. Needs the binary in $DPML."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import example_files as files

DPML = os.environ["DPML"]
TIMEOUT = 120  # seconds for one command
MOST_SECONDS = 2  # of a processor, for a refusal
MOST_KIB = 300 * 1024


def dpml(*arguments, folder=None, stdin=None):
    return subprocess.run([DPML, *map(str, arguments)], cwd=folder, input=stdin, capture_output=True, text=True, timeout=TIMEOUT)


class CommandTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="dpml-cli-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def expect(self, code, *arguments, stdin=None):
        result = dpml(*arguments, folder=self.folder, stdin=stdin)
        self.assertEqual(result.returncode, code, f"dpml {arguments}\n{result.stdout}\n{result.stderr}"[:3000])
        return result

    def answer(self, *arguments, code=0, stdin=None):
        """The JSON answer."""
        return json.loads(self.expect(code, *arguments, "--json", stdin=stdin).stdout)

    def refusal(self, *arguments, stdin=None):
        """What is said on bad input: on stderr alone, and never as a mistake of the program."""
        result = self.expect(2, *arguments, stdin=stdin)
        self.assertEqual(result.stdout, "")
        self.assertTrue(result.stderr.strip())
        self.assertNotIn("internal error", result.stderr)
        return result.stderr


class StrangersTest(CommandTest):
    def measured(self, *arguments, stdin=os.devnull):
        """(exit code, what was said, seconds of a processor, peak memory in KiB)"""
        with tempfile.TemporaryFile() as said, open(stdin, "rb") as source:
            process = subprocess.Popen([DPML, *map(str, arguments)], cwd=self.folder, stdin=source, stdout=said, stderr=said)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            return process.returncode, said.read().decode(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss

    def expect_cheap_refusal(self, *arguments, told="", codes=(2,), stdin=os.devnull):
        code, text, seconds, kib = self.measured(*arguments, stdin=stdin)
        self.assertIn(code, codes, text)
        self.assertIn(told, text)
        self.assertNotIn("PASSED", text)
        self.assertLessEqual(seconds, MOST_SECONDS, arguments)
        self.assertLessEqual(kib, MOST_KIB, arguments)

    def train(self, name, *more):
        config = files.write_vector_run(self.folder)
        return self.answer("train", config, "--out", name, "--quiet", "--threads", 1, *more)


def schedule(rate=0.01, steps=10000, delta=1e-5):
    return ["--sampling-rate", rate, "--steps", steps, "--delta", delta]


def python_with_h5py():
    for python in (sys.executable, "python3", "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import h5py, numpy"], capture_output=True).returncode == 0:
            return python
    return None
