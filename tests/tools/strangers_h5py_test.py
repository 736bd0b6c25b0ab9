"""HDF5 files that a stranger made with h5py. Needs the binary in $DPML, and a Python with h5py; exits with 77 without."""

import os
import subprocess
import sys
import unittest

import example_files as files
from command import MOST_KIB, MOST_SECONDS, TIMEOUT, StrangersTest, python_with_h5py

PYTHON = python_with_h5py()


class BigFileTest(StrangersTest):
    def test_hdf5_files_do_not_unfold(self):
        self.train("run")
        script = """
import h5py, numpy, shutil
shutil.copy("run/model.h5", "model.h5")
with h5py.File("model.h5", "r+", libver=("v108", "v108")) as file:
    del file["weights/0.weight"]
    file["weights"].create_dataset("0.weight", shape=(1 << 31,), dtype="f4", chunks=(1 << 20,), compression="gzip")
with h5py.File("data.h5", "w") as file:
    inputs = file.create_dataset("inputs", shape=(700000000, 3), dtype="f4", chunks=(1 << 18, 3), compression="gzip")
    inputs[:1 << 18] = 0
    file.create_dataset("labels", shape=(700000000,), dtype="f4", chunks=(1 << 20,), compression="gzip")
with h5py.File("start.h5", "w") as file:
    file.create_dataset("0.weight", shape=(1 << 31,), dtype="f4", chunks=(1 << 20,), compression="gzip")
    file.create_dataset("0.bias", data=numpy.zeros(2, "f4"))
"""
        subprocess.run([PYTHON, "-c", script], cwd=self.folder, check=True, timeout=TIMEOUT)
        self.expect_cheap_refusal("audit", "model.h5", codes=(1,), told="is stored in chunks, packed or spread")
        self.expect_cheap_refusal("inspect", "model.h5", told="is stored in chunks, packed or spread")
        self.expect_cheap_refusal("predict", "model.h5", "--data", "x.npy", "--out", "out.csv")
        data = files.VECTOR_CONFIG.replace('npy { inputs: "x.npy" labels: "y.npy" }', 'hdf5 { file: "data.h5" }')
        files.write(self.folder, "h5.txtpb", data)
        self.expect_cheap_refusal("train", "h5.txtpb", "--out", "new", told="200 times")
        self.expect_cheap_refusal("train", "vector.txtpb", "--out", "new", "--set", 'runtime.initial_model="start.h5"')

    def test_hdf5_files_are_not_longer_than_what_they_describe(self):
        self.train("run")
        script = """
import h5py, numpy, shutil
def copy(name):
    shutil.copy("run/model.h5", name)
    return h5py.File(name, "r+", libver=("v108", "v108"))
def sparse(file, name, kind, space):  # a few KiB on the disk
    del file[name]
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    creation.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    h5py.h5d.create(file.id, name.encode(), kind, space, creation)
text = h5py.h5t.C_S1.copy()
text.set_strpad(h5py.h5t.STR_NULLPAD)
text.set_cset(h5py.h5t.CSET_UTF8)
with copy("zeros.h5") as file:
    sparse(file, "weights/0.weight", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((2, 1 << 30)))
with copy("rows.h5") as file:
    sparse(file, "ledger/event", text, h5py.h5s.create_simple((1 << 29,)))
with copy("config.h5") as file:
    text.set_size(1 << 30)
    sparse(file, "config", text, h5py.h5s.create(h5py.h5s.SCALAR))
with copy("attributes.h5") as file:
    for i in range(30000):
        file.attrs[str(i)] = 1.0
for name, version in (("names.h5", "v108"), ("old.h5", "earliest")):
    with h5py.File(name, "w", libver=(version, "latest")) as file:
        file["0"] = numpy.zeros(1)
        for i in range(1, 100000):
            file[str(i)] = file["0"]
"""
        subprocess.run([PYTHON, "-c", script], cwd=self.folder, check=True, timeout=TIMEOUT)
        for name in ("zeros", "rows", "config", "attributes", "names", "old"):
            file = name + ".h5"
            self.expect_cheap_refusal("audit", file, codes=(1, 2))
            self.expect_cheap_refusal("epsilon", "--ledger", file, "--delta", 1e-4)
            if name in ("zeros", "names", "old"):  # the others have weights, of unknown origin
                self.expect_cheap_refusal("train", "vector.txtpb", "--out", "new", "--set", f'runtime.initial_model="{file}"')
            code, text, seconds, kib = self.measured("inspect", file)  # shows the tree of any other HDF5 file
            self.assertEqual(code, 0 if name in ("names", "old", "attributes") else 2, text[:1000])
            self.assertLessEqual(max(seconds / MOST_SECONDS, kib / MOST_KIB), 1, name)
        os.mkfifo(self.path("pipe"))
        self.expect_cheap_refusal("train", "vector.txtpb", "--out", "new", "--set", 'runtime.initial_model="pipe"')
        self.assertFalse(os.path.exists(self.path("new")))


class CheatTest(StrangersTest):
    """A cheat with h5py in hand, who knows the format and recomputes every digest (cheat.py)."""

    def cheat(self, run, *what):
        """A copy of the run's model.h5 after the cheat."""
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cheat.py")
        subprocess.run([PYTHON, script, self.path(run, "model.h5"), self.path("cheat.h5"), *what], check=True,
                       cwd=self.folder, timeout=TIMEOUT)
        return "cheat.h5"

    def test_nothing_that_is_written_anew_passes(self):
        self.train("run")
        with open(self.path("run", "model.h5"), "rb") as file:
            kept = file.read()
        for what in ("nothing", "epsilon", "noise", "cut", "origin", "comment", "extra_dataset", "extra_attribute",
                     "extra_group", "trailing", "after_nul", "float64", "big_endian", "chunks", "version_2.9", "steps_9.99",
                     "soft_link", "external_link", "external_storage", "noise_key", "unit_with_escapes"):
            self.cheat("run", what)
            self.expect_no_pass("cheat.h5", what)
            os.replace(self.path("cheat.h5"), self.path("run", "model.h5"))
            self.expect_no_pass("run", what)
            with open(self.path("run", "model.h5"), "wb") as file:
                file.write(kept)
        self.expect(0, "audit", "run")
        self.expect(0, "inspect", "run")

    def expect_no_pass(self, path, what):
        code, text, seconds, _ = self.measured("audit", path)
        self.assertIn(code, (1, 2), (what, text))
        self.assertNotIn("\nPASSED", text)
        self.assertNotIn("\033", text)
        self.assertLessEqual(seconds, MOST_SECONDS)


if __name__ == "__main__":
    if PYTHON is None:
        print("needs Python with h5py (Debian: python3-h5py)")
        sys.exit(77)
    unittest.main()
