"""Files, runs and words of strangers, as the dpml command meets them. Needs the binary in $DPML."""

import gzip
import json
import os
import stat
import struct
import subprocess
import time
import unittest
import zipfile
import zlib

import example_files as files
from command import DPML, MOST_KIB, MOST_SECONDS, TIMEOUT, StrangersTest


class SizeTest(StrangersTest):
    def test_a_config_is_a_file_of_believable_size(self):
        os.mkfifo(self.path("pipe"))
        with open(self.path("sparse"), "wb") as file:
            file.truncate(10 << 30)
        files.write(self.folder, "layers", "model {" + 300000 * " layer { x {} }" + "}")
        files.write(self.folder, "wrong", 60000 * "x {}\n")
        for command in ("check", "plan", "inspect", "audit"):
            self.expect_cheap_refusal(command, "pipe", told="found a device or a pipe")
        for command in ("check", "plan"):
            self.expect_cheap_refusal(command, "/dev/zero", told="found a device or a pipe")
            self.expect_cheap_refusal(command, "sparse", told="is longer than 1.0 MiB")
            self.expect_cheap_refusal(command, "layers", told="is longer than 1.0 MiB")
        self.expect_cheap_refusal("check", "wrong", told="more problems")
        self.expect_cheap_refusal("epsilon", "--events", "-", "--delta", 1e-5, stdin="/dev/zero", told="is longer than 32.0 MiB")
        self.expect_cheap_refusal("epsilon", "--events", "/dev/zero", "--delta", 1e-5, told="found a device or a pipe")

    def test_five_billion_parameters_are_counted_and_not_made(self):
        config = files.write_vector_run(self.folder)
        files.write(self.folder, "vector.txtpb", files.VECTOR_CONFIG.replace(
            "layer { linear { out: 2 } }", "layer { linear { out: 1000000000 } } layer { linear { out: 2 } }"))
        code, text, seconds, kib = self.measured("plan", config, "--json")
        self.assertEqual((code, json.loads(text)["parameters"]), (0, 6_000_000_002), text)
        self.assertLessEqual(seconds, MOST_SECONDS)
        self.assertLessEqual(kib, MOST_KIB)
        code, text, seconds, kib = self.measured("check", config)
        self.assertEqual(code, 0, text)
        self.assertLessEqual(max(seconds / MOST_SECONDS, kib / MOST_KIB), 1)
        self.expect_cheap_refusal("train", config, "--out", "run", told="has 6,000,000,002 parameters")
        self.assertFalse(os.path.exists(self.path("run")))

    def test_packed_tables_and_images_do_not_fill_the_memory(self):
        config = files.write_table_run(self.folder)
        for name, piece in (("rows", b"5.000,red,yes\n"), ("zeros", b"\0" * 1024), ("fields", b"," * 1024)):
            packer = zlib.compressobj(9, zlib.DEFLATED, 31)
            with open(self.path(name + ".csv.gz"), "wb") as file:
                file.write(packer.compress(b"height,colour,answer\n"))
                for _ in range(1000):  # far more than the limit; the whole 10 GB would take minutes to pack
                    file.write(packer.compress(piece * (1000000 // len(piece))))
                file.write(packer.flush())
            self.expect_cheap_refusal("train", config, "--out", "run", "--set", f'data.train.csv.file="{name}.csv.gz"')
        with open(self.path("sparse.csv"), "wb") as file:
            file.truncate(10 << 30)
        self.expect_cheap_refusal("train", config, "--out", "run", "--set", 'data.train.csv.file="sparse.csv"')
        image = files.write_image_run(self.folder)
        header = bytes([0, 0, 8, 3, 0x40, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 6])  # 36 GiB are announced
        files.write(self.folder, "images", gzip.compress(header + b"\0" * 100000000, compresslevel=9))
        self.expect_cheap_refusal("train", image, "--out", "run")
        self.assertFalse(os.path.exists(self.path("run")))

    def test_weights_of_others_do_not_unfold(self):
        config = files.write_vector_run(self.folder)
        start = lambda name: ("train", config, "--out", "new", "--set", f'runtime.initial_model="{name}"')
        header = json.dumps({"0.weight": {"dtype": "F32", "shape": [1 << 31, 1 << 30], "data_offsets": [0, 1 << 62]}}).encode()
        files.write(self.folder, "long", struct.pack("<Q", len(header)) + header)
        self.expect_cheap_refusal(*start("long"), told="it is cut off")
        files.write(self.folder, "header", struct.pack("<Q", 90 << 20) + b"{" + bytes(90 << 20))
        self.expect_cheap_refusal(*start("header"), told="its header says it is")
        many = ('{"' + '":[],"'.join(map(str, range(1300000))) + '":[]}').encode()
        files.write(self.folder, "many", struct.pack("<Q", len(many)) + many)
        self.expect_cheap_refusal(*start("many"))
        deep = b'{"a":' + (15 << 20) * b"["
        files.write(self.folder, "deep", struct.pack("<Q", len(deep)) + deep)
        self.expect_cheap_refusal(*start("deep"))
        array = files.npy((2, 3), [0] * 6)
        with zipfile.ZipFile(self.path("bomb"), "w", zipfile.ZIP_DEFLATED) as archive:
            with archive.open("0.weight.npy", "w", force_zip64=True) as member:
                member.write(array)
                for _ in range(500):
                    member.write(bytes(1 << 20))
        self.expect_cheap_refusal(*start("bomb"), told="200 times")
        with zipfile.ZipFile(self.path("names"), "w") as archive:
            for i in range(60000):
                archive.writestr(f"{i}.npy", b"")
        self.expect_cheap_refusal(*start("names"), told="holds no weights under the names")
        tensors = b"\x2a\x00" * (1 << 20)  # of nothing: 2 bytes each
        length = b""
        size = len(tensors)
        while size >= 128:
            length += bytes([size & 127 | 128])
            size >>= 7
        files.write(self.folder, "graph", b"\x08\x08\x3a" + length + bytes([size]) + tensors)
        self.expect_cheap_refusal(*start("graph"))
        with open(self.path("sparse"), "wb") as file:
            file.write(b"\x08\x08")
            file.truncate(10 << 30)
        self.expect_cheap_refusal(*start("sparse"))
        for name in ("long", "header", "many", "deep", "bomb", "names", "graph", "sparse"):
            os.remove(self.path(name))
        self.assertFalse(os.path.exists(self.path("new")))


class WordsTest(StrangersTest):
    UNIT = 'privacy.unit="row\\033[2K\\nPASSED: fake\\342\\200\\256"'

    def expect_shown_safely(self, text):
        for letter in text:
            self.assertTrue(letter == "\n" or (letter >= " " and letter not in "\x7f\u202e"), repr(text))
        self.assertFalse([line for line in text.splitlines() if line.startswith("PASSED: fake")], text)

    def test_words_of_a_file_never_reach_the_terminal_as_they_are(self):
        self.train("run", "--set", self.UNIT)
        config = self.path("vector.txtpb")
        for command in (["audit", "run"], ["inspect", "run"], ["plan", config, "--set", self.UNIT],
                        ["train", config, "--out", "again", "--quiet", "--set", self.UNIT],
                        ["epsilon", "--ledger", "run", "--delta", 1e-4], ["epsilon", "--ledger", "run", "again", "--delta", 1e-4]):
            text = self.expect(0, *command).stdout
            self.expect_shown_safely(text)
            if command[0] != "train" or "unit" in text:
                self.assertIn("row\\x1b[2K\\nPASSED: fake\\u{202e}", text, command)
        for command in (["audit", "run"], ["inspect", "run"], ["plan", config, "--set", self.UNIT]):
            answer = self.answer(*command)
            self.assertIn("row\\x1b[2K\\nPASSED: fake\\u{202e}", answer.get("unit", answer.get("statement")))

    def test_words_of_a_path_or_an_argument_do_not_either(self):
        name = "a\033[2K\nPASSED: fake\xff"
        result = subprocess.run([DPML.encode(), b"audit", name.encode("latin1")], cwd=self.folder, capture_output=True)
        self.assertEqual(result.returncode, 2)
        self.assertNotIn(b"\033", result.stderr)
        self.assertIn(b"\\xff", result.stderr)
        result = subprocess.run([DPML.encode(), b"check", b"\xff", b"--json"], cwd=self.folder, capture_output=True)
        self.assertEqual(result.returncode, 2)
        self.assertFalse(json.loads(result.stdout)["ok"])

    def test_a_path_cannot_begin_a_line_of_its_own(self):
        name = "a\nPASSED: fake"
        files.write_vector_run(self.folder)
        files.write(self.folder, name, "x")
        os.makedirs(self.path(name + " folder"))
        files.write(self.path(name + " folder"), "vector.txtpb", files.VECTOR_CONFIG)
        files.write(self.folder, "other.txtpb", files.VECTOR_CONFIG.replace("x.npy", "a\\nPASSED: fake"))
        files.write(self.folder, "near.txtpb", files.VECTOR_CONFIG.replace("x.npy", "a_PASSED: fake"))
        for command in (["audit", name], ["check", name], ["inspect", name], ["eval", name], ["plan", name, "--json"],
                        ["check", name + " folder/vector.txtpb"], ["check", "other.txtpb"], ["check", "near.txtpb"],
                        ["train", "vector.txtpb", "--out", name + "/run"], ["check", "vector.txtpb", "--set", name],
                        ["epsilon", "--events", name, "--delta", "1e-5"], ["predict", "run", "--data", name, "--out", name],
                        [name], ["audit", "run", "--record", name]):
            told = self.refusal(*command)
            self.assertIn("a\\nPASSED: fake", told, command)
            self.assertFalse([line for line in told.splitlines() if line.startswith("PASSED")], told)
        for command in (["check", "vector.txtpb"], ["plan", "vector.txtpb", "--json"]):
            result = subprocess.run([DPML, *command], cwd=self.path(name + " folder"), capture_output=True, text=True)
            self.assertEqual(result.returncode, 2, result)
            self.assertIn("is a path with a line break in it", result.stderr)
            self.assertNotIn("\nPASSED", result.stderr)

    def test_names_of_a_config_stay_in_their_line(self):
        files.write_table_run(self.folder)
        files.write_vector_run(self.folder)
        line = "a\\nPASSED: fake"
        for old, new in (('"height"', f'"{line}"'), ('"no", "yes"', f'"{line}", "b"'), ('"no", "yes"', f'"{line}", "{line}"'),
                         ('["red"', f'["{line}", "{line}"')):
            files.write(self.folder, "table.txtpb", files.TABLE_CONFIG.replace(old, new))
            self.expect_one_line(self.refusal("train", "table.txtpb", "--out", "run"))
        for file in ("x.npy", "no.h5"):
            data = f'hdf5 {{ file: "{file}" inputs: "{line}" labels: "{line}" }}'
            files.write(self.folder, "h5.txtpb", files.VECTOR_CONFIG.replace('npy { inputs: "x.npy" labels: "y.npy" }', data))
            self.expect_one_line(self.refusal("train", "h5.txtpb", "--out", "run"))
        for text in ('neighbours: "%s"' % line, "entry { event { %s {} } }" % '"%s"' % line):
            files.write(self.folder, "events", text)
            self.expect_one_line(self.refusal("epsilon", "--events", "events", "--delta", "1e-5"))

    def expect_one_line(self, told):
        self.assertFalse([line for line in told.splitlines() if line.startswith("PASSED")], told)

    def test_text_that_is_no_utf8_is_refused_with_its_line(self):
        for unit, told in ((b"St\xfcck", "vector.txtpb:2: \\xfc is no UTF-8"), (b"one\\000row", "holds a NUL character"),
                           (b"St\\374ck", "is no UTF-8"), (b"one\0row", "vector.txtpb:2: ")):
            files.write_vector_run(self.folder)
            files.write(self.folder, "vector.txtpb", files.VECTOR_CONFIG.encode().replace(b"one row", unit))
            for command in (["plan", "vector.txtpb"], ["check", "vector.txtpb"], ["train", "vector.txtpb", "--out", "run"]):
                self.assertIn(told, self.refusal(*command))
            self.assertIn(told, " ".join(self.answer("check", "vector.txtpb", code=2)["problems"]))


class ClaimTest(StrangersTest):
    def verdicts(self, *arguments, code=0):
        return {check["name"]: check["verdict"] for check in self.answer("audit", *arguments, code=code)["checks"]}

    def test_a_claim_of_infinity_is_no_success(self):
        for name, overrides in (("seeded", ["privacy.seed=1"]), ("noiseless", ["privacy.noise_multiplier=0"]),
                                ("bare", ["privacy.noise_multiplier=0", "privacy.clip_bound=inf"])):
            result = self.train(name, *(part for override in overrides for part in ("--set", override)))
            self.assertEqual(result["epsilon"], "inf")
            text = self.expect(1, "audit", name).stdout
            self.assertIn("FAILED: nobody is protected", text)
            self.assertNotIn("PASSED", text)
            self.assertNotIn("within the target", text)
            self.assertEqual("Gaussian noise" in text, name == "seeded", text)
            self.assertEqual(self.verdicts(name, code=1)["protection"], "FAILED")
        text = self.expect(0, "train", self.path("vector.txtpb"), "--out", "again", "--quiet", "--set", "privacy.seed=1").stdout
        self.assertIn("NOT PRIVATE", text)
        self.assertIn("do not release it", text)

    def test_a_warm_start_hides_nothing(self):
        self.train("first", "--set", "privacy.noise_multiplier=0")
        start = ["--set", 'runtime.initial_model="first"']
        silent = self.expect(0, "train", "vector.txtpb", "--out", "silent", *start)
        self.assertIn("whose data these weights have seen is not stated", silent.stderr)
        self.assertIn("epsilon infinity", silent.stdout)
        self.assertEqual(self.verdicts("silent", code=1)["protection"], "FAILED")
        told = self.refusal("train", "vector.txtpb", "--out", "same", *start, "--set", "privacy.initial_weights=SAME_PEOPLE")
        self.assertIn("cost the same people epsilon inf already", told)
        public = self.train("public", *start, "--set", "privacy.initial_weights=PUBLIC")
        self.assertLessEqual(public["epsilon"], 5)
        self.assertEqual(self.verdicts("public")["initial weights"], "not checkable")
        self.assertIn("not checkable", self.expect(0, "audit", "public/model.h5").stdout)
        warned = self.expect(0, "train", "vector.txtpb", "--out", "warned", *start, "--set", "privacy.initial_weights=PUBLIC")
        self.assertIn("but they came from a private training", warned.stderr)

    def test_a_chain_is_claimed_as_a_whole(self):
        self.train("first")
        chain = ["--set", 'runtime.initial_model="first/model.h5"', "--set", "privacy.initial_weights=SAME_PEOPLE", "--set",
                 "privacy.target_epsilon=12"]
        plan = self.answer("plan", "vector.txtpb", *chain)
        self.assertEqual((plan["earlier_runs"], plan["accountant"]), (1, "rdp filter"))
        second = self.train("second", *chain)
        self.assertEqual(second["epsilon"], plan["epsilon"])
        self.assertLessEqual(second["epsilon"], 12)
        self.verdicts("second")
        fixed = self.train("fixed", *chain, "--set", "privacy.plans_fixed_in_advance=true")
        self.assertEqual(fixed["accountant"], "pld")
        self.assertLess(fixed["noise_multiplier"], second["noise_multiplier"])
        both = self.answer("epsilon", "--ledger", "first", "fixed", "--delta", 1e-4)
        self.assertAlmostEqual(both["epsilon"], fixed["epsilon"], delta=1e-9)  # the first counts once
        self.assertEqual(self.answer("epsilon", "--ledger", "fixed", "--delta", 1e-4)["epsilon"], both["epsilon"])
        others = self.train("others", "--set", 'runtime.initial_model="second"', "--set", "privacy.initial_weights=DISJOINT_PEOPLE")
        self.assertLessEqual(others["epsilon"], 5)
        self.assertEqual([claim["epsilon"] for claim in others["claims_of_others"]], [second["epsilon"]])
        self.assertIn("people of earlier runs", self.expect(0, "audit", "others").stdout)

    def test_a_stopped_run_claims_its_plan(self):
        config = files.write_vector_run(self.folder)
        length = ["--set", "privacy.steps=100000", "--threads", "1", "--quiet", "--json"]
        plan = self.answer("plan", config, "--set", "privacy.steps=100000")
        for what, ending in ((None, "stopped_on_releases"), ("nothing", "stopped_independently"),
                             ("private_figures", "stopped_on_private_figures")):
            name = what or "default"
            flags = ["--stop-depends-on", what] if what else []
            process = subprocess.Popen([DPML, "train", config, "--out", name, *length, *flags], cwd=self.folder,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            journal = self.path(name, "owner", "ledger.journal")
            deadline = time.monotonic() + TIMEOUT
            while time.monotonic() < deadline and not (os.path.exists(journal) and os.path.getsize(journal) > 1000):
                time.sleep(0.01)
            process.terminate()
            stdout, stderr = process.communicate(timeout=TIMEOUT)
            self.assertEqual(process.returncode, 130, stderr)
            self.assertEqual(f"--stop-depends-on {what}" in stderr, what is not None)
            result = json.loads(stdout)
            self.assertEqual(result["ending"], ending)
            if what is None:
                self.assertEqual(result["epsilon"], plan["epsilon"])
            elif what == "nothing":
                self.assertLess(result["epsilon"], plan["epsilon"] / 10)
            else:
                self.assertEqual(result["epsilon"], "inf")
            verdicts = self.verdicts(name, code=1 if what == "private_figures" else 0)
            self.assertEqual(verdicts["ending"], {None: "ok", "nothing": "not checkable", "private_figures": "FAILED"}[what])
        self.assertIn("--stop-depends-on", self.refusal("train", config, "--out", "x", "--stop-depends-on", "my mood"))

    def test_a_record_that_was_kept_shows_another_file(self):
        kept = self.train("a")["record"]
        other = self.train("b")["record"]
        self.assertEqual(self.verdicts("a", "--record", kept)["record"], "ok")
        self.assertEqual(self.verdicts("a", "--record", kept.upper())["record"], "ok")
        for no_digest in (kept[:12], kept[:-1], kept + "0", kept[:-1] + "g"):
            self.assertIn("64 hexadecimal digits", self.refusal("audit", "a", "--record", no_digest))
        self.assertEqual(self.verdicts("a", "--record", other, code=1)["record"], "FAILED")
        self.assertEqual(self.answer("audit", "a")["record"], kept)

    def test_delta_is_compared_with_a_size_that_is_stated(self):
        self.train("careless", "--set", "privacy.delta=0.01", "--set", "privacy.target_epsilon=1")
        self.assertEqual(self.verdicts("careless", code=1)["delta"], "FAILED")
        self.train("rated", "--set", "privacy.delta=0.01", "--set", "privacy.poisson.sampling_rate=0.2")
        self.assertEqual(self.verdicts("rated")["delta"], "not checkable")

    def test_owners_files_are_the_owners(self):
        mask = os.umask(0o022)
        self.addCleanup(os.umask, mask)
        os.makedirs(self.path("run", "owner"), mode=0o777)
        self.train("run")
        self.assertEqual(stat.S_IMODE(os.stat(self.path("run", "owner")).st_mode), 0o700)
        for name in os.listdir(self.path("run", "owner")):
            self.assertEqual(stat.S_IMODE(os.stat(self.path("run", "owner", name)).st_mode), 0o600, name)


if __name__ == "__main__":
    unittest.main()
