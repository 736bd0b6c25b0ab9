"""The dpml command at a terminal: signals and the line of progress. Needs the binary in $DPML."""

import fcntl
import os
import pty
import shlex
import shutil
import signal
import struct
import subprocess
import termios
import time
import unittest

import example_files as files
from command import DPML, TIMEOUT, CommandTest


class InterruptTest(CommandTest):
    def interrupted(self, command, journal, signal_number):
        """Interrupts a run that has begun to release; what it says on stderr."""
        before = os.path.getsize(journal) if os.path.exists(journal) else 0
        process = subprocess.Popen([DPML, *command], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            deadline = time.monotonic() + TIMEOUT
            while process.poll() is None and time.monotonic() < deadline:
                if os.path.exists(journal) and os.path.getsize(journal) > before + 1000:
                    process.send_signal(signal_number)
                    break
                time.sleep(0.01)
            _, stderr = process.communicate(timeout=TIMEOUT)
        finally:
            process.kill()
            process.communicate()
        self.assertEqual(process.returncode, 130, stderr)
        return stderr

    def test_a_hangup_saves(self):
        files.write_vector_run(self.folder)
        journal = self.path("run", "owner", "ledger.journal")
        command = ["train", "vector.txtpb", "--out", "run", "--set", "privacy.steps=100000000", "--threads", "1"]
        self.assertIn("--resume", self.interrupted(command, journal, signal.SIGHUP))
        self.assertTrue(os.path.exists(self.path("run", "model.h5")))

    def test_a_signal_that_was_ignored_stays_ignored(self):
        files.write_vector_run(self.folder)
        journal = self.path("run", "owner", "ledger.journal")
        command = [DPML, "train", "vector.txtpb", "--out", "run", "--set", "privacy.steps=100000000", "--threads", "1"]
        ignore = lambda: (signal.signal(signal.SIGINT, signal.SIG_IGN), signal.signal(signal.SIGHUP, signal.SIG_IGN))
        process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=ignore)
        try:
            for send in (signal.SIGINT, signal.SIGHUP, signal.SIGINT, None):
                before = os.path.getsize(journal) if os.path.exists(journal) else 0
                deadline = time.monotonic() + TIMEOUT
                while not (os.path.exists(journal) and os.path.getsize(journal) > before + 2000):
                    self.assertIsNone(process.poll(), "it ended")
                    self.assertLess(time.monotonic(), deadline)
                    time.sleep(0.01)
                if send:
                    process.send_signal(send)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=TIMEOUT)
        finally:
            process.kill()
            process.communicate()
        self.assertEqual(process.returncode, 130)

    def test_ctrl_c_saves_and_says_how_to_go_on(self):
        files.write_vector_run(self.folder)
        journal = self.path("my run", "owner", "ledger.journal")
        command = ["train", "vector.txtpb", "--out", "my run", "--set", "privacy.steps=100000000", "--set",
                   'privacy.unit="one \'row\'"', "--threads", "1"]
        stderr = self.interrupted(command, journal, signal.SIGINT)
        first = sum(entry["count"] for entry in self.answer("inspect", "my run")["ledger"])
        self.assertGreater(first, 0)
        self.expect(0, "audit", "my run")
        told = shlex.split(stderr.splitlines()[-1].split("Go on with: ")[1])
        self.assertEqual(told[0], "dpml")
        self.interrupted(told[1:], journal, signal.SIGTERM)
        self.assertGreater(sum(entry["count"] for entry in self.answer("inspect", "my run")["ledger"]), first)
        self.expect(0, "audit", "my run")


class ProgressTest(CommandTest):
    @staticmethod
    def resize(terminal, columns):
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def start(self, columns, *more, term="xterm"):
        """A run at a terminal that is so wide, and the other end of the terminal."""
        files.write_vector_run(self.folder)
        master, slave = pty.openpty()
        self.resize(slave, columns)
        shutil.rmtree(self.path("run"), ignore_errors=True)
        process = subprocess.Popen([DPML, "train", "vector.txtpb", "--out", "run", "--threads", "1", *more], cwd=self.folder,
                                   stdout=subprocess.DEVNULL, stderr=slave, env={**os.environ, "TERM": term})
        os.close(slave)
        return process, master

    def shown(self, columns, term="xterm"):
        """All that a run writes."""
        process, master = self.start(columns, term=term)
        shown = b""
        try:
            while True:
                piece = os.read(master, 4096)
                if not piece:
                    break
                shown += piece
        except OSError:  # how a terminal without a writer ends
            pass
        os.close(master)
        self.assertEqual(process.wait(TIMEOUT), 0)
        return shown.decode()

    def test_the_line_fits_the_terminal(self):
        for columns in (200, 83, 80, 60, 40, 30, 20, 12, 5):
            lines = [line for line in self.shown(columns).split("\r\x1b[K") if line.strip()]
            self.assertTrue(lines)
            for line in lines:
                self.assertLess(len(line.rstrip("\r\n")), columns, line)
            if columns >= 12:
                self.assertIn("step 10/10"[:columns - 1], lines[-1])
        for part in ("epoch", "steps/s", "left", "epsilon"):
            self.assertIn(part, self.shown(200))

    def test_the_line_fits_a_terminal_that_was_resized(self):
        process, master = self.start(200, "--set", "privacy.steps=100000000")
        try:
            self.assertIn(b"step", os.read(master, 4096))
            self.resize(master, 30)
            os.read(master, 4096)  # may have been on its way
            for _ in range(3):
                line = os.read(master, 4096).decode().split("\r\x1b[K")[-1]
                self.assertTrue(line.startswith("step ") and len(line) < 30, line)
        finally:
            process.terminate()
            os.close(master)
            process.wait(TIMEOUT)

    def test_a_dumb_terminal_gets_plain_lines(self):
        self.assertNotIn("\x1b", self.shown(80, term="dumb"))


if __name__ == "__main__":
    unittest.main()
