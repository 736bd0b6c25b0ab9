"""The dpml command as a user meets it: exit codes, texts, JSON, files. Needs the binary in $DPML."""

import csv
import decimal
import json
import math
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import example_files as files

DPML = os.environ["DPML"]
TIMEOUT = 120


def dpml(*arguments, folder=None):
    return subprocess.run([DPML, *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=TIMEOUT)


class CommandTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="dpml-cli-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def expect(self, code, *arguments):
        result = dpml(*arguments, folder=self.folder)
        self.assertEqual(result.returncode, code, f"dpml {arguments}\n{result.stdout}\n{result.stderr}"[:3000])
        return result

    def answer(self, *arguments, code=0):
        """The JSON answer."""
        return json.loads(self.expect(code, *arguments, "--json").stdout)

    def refusal(self, *arguments):
        """What is said on bad input: on stderr alone, and never as a mistake of the program."""
        result = self.expect(2, *arguments)
        self.assertEqual(result.stdout, "")
        self.assertTrue(result.stderr.strip())
        self.assertNotIn("internal error", result.stderr)
        return result.stderr


OPTIONS = {
    "plan": ["CONFIG", "--set", "--json"],
    "check": ["CONFIG", "--set", "--json"],
    "train": ["CONFIG", "--out", "--set", "--resume", "--threads", "--quiet", "--json"],
    "eval": ["DIR", "--split", "--threads", "--json"],
    "predict": ["DIR", "--data", "--out", "--threads", "--json"],
    "inspect": ["PATH", "--json"],
    "audit": ["DIR", "--json"],
    "epsilon": ["--sampling-rate", "--noise-multiplier", "--steps", "--delta", "--accountant", "--neighbours", "--json"],
    "noise": ["--epsilon", "--sampling-rate", "--steps", "--delta", "--accountant", "--neighbours", "--json"],
}


class HelpTest(CommandTest):
    def test_the_first_page_names_every_command(self):
        text = self.expect(0, "--help").stdout
        for command in OPTIONS:
            self.assertIn(f"  {command} ", text)

    def test_every_command_explains_its_options(self):
        for command, options in OPTIONS.items():
            text = self.expect(0, command, "--help").stdout
            for option in options:
                self.assertIn(option, text, command)

    def test_what_is_not_understood_is_bad_input(self):
        self.assertIn("subcommand", self.refusal())
        self.refusal("tarin", "x")
        self.assertIn("--out", self.refusal("train", "x.txtpb"))
        self.assertIn("--stpes", self.refusal("epsilon", *schedule(), "--noise-multiplier", 1, "--stpes", 3))
        self.assertIn("CONFIG", self.refusal("plan"))

    def test_the_version_is_told(self):
        self.assertRegex(self.expect(0, "--version").stdout, r"^dpml \d+\.\d+\.\d+")


def schedule(rate=0.01, steps=10000, delta=1e-5):
    return ["--sampling-rate", rate, "--steps", steps, "--delta", delta]


def gaussian_delta(epsilon, noise_multiplier, steps):
    """Exact delta of `steps` Gaussian releases without sampling (Balle and Wang 2018, theorem 8)."""
    mu = math.sqrt(steps) / noise_multiplier
    normal = lambda x: math.erfc(-x / math.sqrt(2)) / 2
    return normal(mu / 2 - epsilon / mu) - math.exp(epsilon) * normal(-mu / 2 - epsilon / mu)


class AccountingTest(CommandTest):
    def test_epsilon_answers_the_known_value(self):
        answer = self.answer("epsilon", *schedule(), "--noise-multiplier", 1)
        self.assertAlmostEqual(answer["epsilon"], 6.712, delta=0.001)
        self.assertEqual({key: answer[key] for key in ("noise_multiplier", "delta", "accountant", "neighbours")},
                         {"noise_multiplier": 1, "delta": 1e-5, "accountant": "rdp", "neighbours": "add_or_remove_one"})

    def test_printed_epsilon_is_never_below_the_computed_one(self):
        for noise in (0.5, 0.77, 1, 1.3, 2, 10, 1000):
            arguments = ["epsilon", *schedule(0.02, 777), "--noise-multiplier", noise]
            computed = self.answer(*arguments)["epsilon"]
            printed = decimal.Decimal(self.expect(0, *arguments).stdout.split()[1])
            self.assertGreaterEqual(printed, decimal.Decimal(computed))
            self.assertLessEqual(printed, decimal.Decimal(computed + 1.01e-4))

    def test_epsilon_is_never_below_the_truth(self):
        for noise, steps in ((1, 1), (5, 3), (20, 100), (0.8, 2)):
            answer = self.answer("epsilon", *schedule(1, steps), "--noise-multiplier", noise)
            self.assertLessEqual(gaussian_delta(answer["epsilon"], noise, steps), 1e-5)
            self.assertGreater(gaussian_delta(answer["epsilon"] * 0.7, noise, steps), 1e-5)  # nor far above it

    def test_noise_reaches_its_target_and_not_more(self):
        for target in (0.1, 1, 3, 50):
            answer = self.answer("noise", *schedule(0.01, 500), "--epsilon", target)
            self.assertLessEqual(answer["epsilon"], target)
            self.assertGreater(answer["epsilon"], target * 0.999)
            again = self.answer("epsilon", *schedule(0.01, 500), "--noise-multiplier", repr(answer["noise_multiplier"]))
            self.assertEqual(again["epsilon"], answer["epsilon"])
        text = self.expect(0, "noise", *schedule(0.01, 500), "--epsilon", 3).stdout
        noise = text.split()[2]
        self.assertLessEqual(self.answer("epsilon", *schedule(0.01, 500), "--noise-multiplier", noise)["epsilon"], 3)

    def test_edges_have_answers(self):
        self.assertEqual(self.answer("epsilon", *schedule(steps=0), "--noise-multiplier", 1)["epsilon"], 0)
        self.assertEqual(self.answer("epsilon", *schedule(delta=0), "--noise-multiplier", 1)["epsilon"], "inf")
        self.assertEqual(self.answer("epsilon", *schedule(), "--noise-multiplier", 0)["epsilon"], "inf")
        self.assertIn("infinity", self.expect(0, "epsilon", *schedule(), "--noise-multiplier", 0).stdout)
        self.assertLess(self.answer("noise", *schedule(steps=10), "--epsilon", 1e8)["noise_multiplier"], 1e-3)

    def test_impossible_numbers_are_refused(self):
        for wrong in (["--noise-multiplier", -1], ["--noise-multiplier", "nan"], ["--noise-multiplier", "x"]):
            self.refusal("epsilon", *schedule(), *wrong)
        for wrong in (dict(rate=0), dict(rate=1.5), dict(rate=-0.1), dict(rate="nan"), dict(steps=-5), dict(steps=1.5),
                      dict(steps=10**30), dict(delta=1), dict(delta=-1e-5), dict(delta="nan")):
            self.refusal("epsilon", *schedule(**wrong), "--noise-multiplier", 1)
            self.refusal("noise", *schedule(**wrong), "--epsilon", 1)
        for target in (0, -1, "nan", "inf"):
            self.refusal("noise", *schedule(), "--epsilon", target)
        self.refusal("noise", *schedule(delta=0), "--epsilon", 1)
        self.assertIn("rdp", self.refusal("epsilon", *schedule(), "--noise-multiplier", 1, "--accountant", "gdp"))
        self.assertIn("replace_one", self.refusal("epsilon", *schedule(), "--noise-multiplier", 1, "--neighbours", "x"))


class ConfigTest(CommandTest):
    def test_a_right_config_is_right_though_its_data_is_missing(self):
        files.write(self.folder, "table.txtpb", files.TABLE_CONFIG)
        self.assertIn("is right", self.expect(0, "check", "table.txtpb").stdout)
        self.assertEqual(self.answer("check", "table.txtpb")["problems"], [])

    def test_every_problem_is_told_with_its_line(self):
        wrong = files.TABLE_CONFIG.replace("clip_bound: 1", "clip_bound: -1").replace("tanh {}", "thanh {}")
        files.write(self.folder, "wrong.txtpb", wrong)
        text = self.refusal("check", "wrong.txtpb")
        self.assertRegex(text, r"wrong\.txtpb:\d+: .*thanh: .*did you mean tanh\?")
        misspelt_line = wrong[:wrong.index("thanh")].count("\n") + 1
        self.assertIn(f"wrong.txtpb:{misspelt_line}:", text)

        wrong = (files.TABLE_CONFIG.replace("clip_bound: 1", "clip_bound: -1").replace("delta: 1e-4", "delta: 2")
                 .replace("learning_rate: 0.5", "learning_rate: 0").replace("upper: 10", "upper: -10"))
        files.write(self.folder, "wrong.txtpb", wrong)
        answer = self.answer("check", "wrong.txtpb", code=2)
        self.assertFalse(answer["ok"])
        for field in ("clip_bound", "delta", "learning_rate", "upper"):
            line = wrong[:wrong.index(field)].count("\n") + 1
            self.assertTrue(any(f"wrong.txtpb:{line}:" in problem for problem in answer["problems"]), (field, answer))
        for command in (["plan", "wrong.txtpb"], ["train", "wrong.txtpb", "--out", "run"]):
            self.assertIn("clip_bound", self.refusal(*command))
        self.assertFalse(os.path.exists(self.path("run")))

    def test_files_that_are_no_configs_are_refused(self):
        self.assertIn("nothing.txtpb", self.refusal("check", "nothing.txtpb"))
        self.assertIn("folder", self.refusal("check", "."))
        files.write(self.folder, "empty.txtpb", "")
        self.assertIn("privacy", self.refusal("check", "empty.txtpb"))
        files.write(self.folder, "binary.txtpb", bytes(range(256)))
        self.refusal("check", "binary.txtpb")

    def test_plan_tells_the_cost_without_the_data(self):
        files.write(self.folder, "table.txtpb", files.TABLE_CONFIG)
        plan = self.answer("plan", "table.txtpb")
        self.assertLessEqual(plan["epsilon"], 5)
        self.assertEqual((plan["steps"], plan["sampling_rate"], plan["expected_batch_size"]), (10, 0.2, 20))
        self.assertEqual((plan["parameters"], plan["clip_bound"], plan["delta"]), (26, 1, 1e-4))
        self.assertEqual(plan["noise_stddev"], plan["noise_multiplier"])
        self.assertGreater(plan["physical_batch"], 0)
        self.assertGreater(plan["memory_bytes"], 26 * 8)
        again = self.answer("epsilon", *schedule(0.2, 10, 1e-4), "--noise-multiplier", repr(plan["noise_multiplier"]))
        self.assertEqual(again["epsilon"], plan["epsilon"])
        text = self.expect(0, "plan", "table.txtpb").stdout
        for word in ("epsilon", "noise multiplier", "steps", "expected batch", "parameters", "memory"):
            self.assertIn(word, text)

    def test_overrides_may_stand_anywhere(self):
        files.write(self.folder, "table.txtpb", files.TABLE_CONFIG)
        before = self.answer("plan", "--set", "privacy.steps=20", "--set", "privacy.delta=1e-5", "table.txtpb")
        after = self.answer("plan", "table.txtpb", "--set", "privacy.steps=20", "--set", "privacy.delta=1e-5")
        self.assertEqual(before, after)
        self.assertEqual((after["steps"], after["delta"]), (20, 1e-5))
        self.assertIn("did you mean delta?", self.refusal("plan", "table.txtpb", "--set", "privacy.delt=1e-5"))


class RunTest(CommandTest):
    def train(self, config, *more):
        return self.answer("train", config, "--out", "run", "--threads", 2, "--quiet", *more)

    def expect_whole_life(self, config, samples):
        """Trains, audits, inspects and evaluates."""
        result = self.train(config)
        self.assertTrue(result["finished"])
        self.assertEqual((result["steps"], result["releases"], result["planned"]), (10, 10, 10))
        self.assertLessEqual(result["epsilon"], 5)
        audit = self.answer("audit", "run")
        self.assertTrue(audit["passed"])
        self.assertEqual(audit["epsilon"], result["epsilon"])
        self.assertEqual(audit["recomputed_epsilon"], result["epsilon"])
        inspected = self.answer("inspect", "run")
        self.assertEqual((inspected["epsilon"], inspected["record"]), (result["epsilon"], audit["record"]))
        self.assertEqual(sum(entry["count"] for entry in inspected["ledger"]), 10)
        self.assertEqual(sum(math.prod(weight["shape"]) for weight in inspected["weights"]), result["parameters"])
        trained = self.answer("eval", "run", "--split", "train")
        self.assertEqual(trained["count"], samples)
        self.assertIn("no guarantee", trained["note"])
        self.assertTrue(0 <= trained["accuracy"] <= 1)
        return result

    def rows_of(self, name):
        with open(self.path(name), newline="") as file:
            return list(csv.DictReader(file))

    def test_a_table(self):
        result = self.expect_whole_life(files.write_table_run(self.folder), 100)
        evaluated = self.answer("eval", "run")
        self.assertEqual(evaluated["count"], 30)
        self.assertEqual((evaluated["accuracy"], evaluated["loss"]), (result["test_accuracy"], result["test_loss"]))
        self.assertIn("no guarantee", self.expect(0, "eval", "run").stdout)
        for with_label in (True, False):
            files.write(self.folder, "new.csv", files.table(30, seed=2, with_label=with_label))
            self.assertEqual(self.answer("predict", "run", "--data", "new.csv", "--out", "out.csv")["count"], 30)
            rows = self.rows_of("out.csv")
            self.assertEqual(list(rows[0]), ["class", "output_0", "output_1"])
            for row in rows:
                self.assertEqual(row["class"], str(int(float(row["output_1"]) > float(row["output_0"]))))
            truth = [line.endswith("yes") for line in files.table(30, seed=2).splitlines()[1:]]
            right = sum(row["class"] == str(int(answer)) for row, answer in zip(rows, truth, strict=True))
            self.assertAlmostEqual(right / 30, evaluated["accuracy"])

    def test_arrays(self):
        self.expect_whole_life(files.write_vector_run(self.folder), 100)
        self.assertIn("--split train", self.refusal("eval", "run"))
        self.expect(0, "predict", "run/model.h5", "--data", "x.npy", "--out", "out.csv")
        self.assertEqual(len(self.rows_of("out.csv")), 100)
        files.write(self.folder, "none.npy", files.npy((0, 3), []))
        self.assertEqual(self.answer("predict", "run", "--data", "none.npy", "--out", "out.csv")["count"], 0)
        self.assertEqual(self.rows_of("out.csv"), [])
        files.write(self.folder, "wide.npy", files.npy((2, 4), range(8)))
        self.assertIn("[4]", self.refusal("predict", "run", "--data", "wide.npy", "--out", "out2.csv"))
        self.assertFalse(os.path.exists(self.path("out2.csv")))

    def test_images(self):
        self.expect_whole_life(files.write_image_run(self.folder), 60)
        self.expect(0, "predict", "run", "--data", "images", "--out", "out.csv")
        self.assertEqual(len(self.rows_of("out.csv")), 60)

    def test_the_texts_tell_what_matters(self):
        config = files.write_table_run(self.folder)
        result = self.expect(0, "train", config, "--out", "run")
        for part in ("epsilon", "delta 1e-04", "one row", "may be released", "keep it", "not covered by the guarantee"):
            self.assertIn(part, result.stdout)
        self.assertRegex(result.stderr, r"step 10/10 .* epsilon \d+\.\d+ so far")
        text = self.expect(0, "audit", "run").stdout
        self.assertIn("PASSED", text)
        self.assertIn("record", text)
        text = self.expect(0, "inspect", "run").stdout
        for part in ("guarantee", "0.weight [4, 3]", "26 parameters", "poisson"):
            self.assertIn(part, text)
        seeded = self.expect(0, "train", config, "--out", "seeded", "--quiet", "--set", "privacy.seed=1")
        self.assertIn("NOT PRIVATE", seeded.stdout)
        self.assertEqual(seeded.stderr.count("step"), 0)

    def test_a_changed_model_fails_its_audit(self):
        self.train(files.write_vector_run(self.folder))
        with open(self.path("run", "owner", "ledger.journal")) as file:
            lines = file.readlines()
        with open(self.path("run", "owner", "ledger.journal"), "w") as file:
            file.writelines(lines[:-1])
        self.assertIn("FAILED", self.expect(1, "audit", "run").stdout)
        answer = self.answer("audit", "run", code=1)
        self.assertFalse(answer["passed"])
        self.assertEqual([check["name"] for check in answer["checks"] if check["verdict"] == "FAILED"], ["journal"])
        self.expect(0, "audit", "run/model.h5")

    def test_inspect_shows_any_file_of_the_run(self):
        self.train(files.write_vector_run(self.folder))
        self.assertIn("dpml checkpoint", self.expect(0, "inspect", "run/owner/checkpoint.h5").stdout)
        self.assertIn("weights", self.answer("inspect", "run/owner/checkpoint.h5")["tree"])
        self.assertIn("x.npy", self.refusal("inspect", "x.npy"))

    def test_what_is_not_there_is_bad_input(self):
        for command in (["audit", "nowhere"], ["inspect", "nowhere"], ["eval", "nowhere"],
                        ["predict", "nowhere", "--data", "x", "--out", "y"], ["inspect", "a" * 5000]):
            self.refusal(*command)
        config = files.write_vector_run(self.folder)
        self.assertIn("--resume", self.refusal("train", config, "--out", "run", "--resume"))
        self.train(config)
        self.assertIn("holds a run already", self.refusal("train", config, "--out", "run"))
        self.assertIn("no_data", self.refusal("predict", "run", "--data", "no_data", "--out", "y"))
        self.assertIn("no_folder", self.refusal("predict", "run", "--data", "x.npy", "--out", "no_folder/y"))

    def test_a_folder_that_cannot_be_made_is_bad_input(self):
        config = files.write_vector_run(self.folder)
        self.assertIn("x.npy", self.refusal("train", config, "--out", "x.npy"))
        self.assertIn("/proc/dpml", self.refusal("train", config, "--out", "/proc/dpml"))

    def test_damaged_data_is_told_by_file_before_anything_is_written(self):
        config = files.write_vector_run(self.folder)
        with open(self.path("x.npy"), "r+b") as file:
            file.truncate(500)
        self.assertIn("x.npy", self.refusal("train", config, "--out", "run"))
        os.remove(self.path("x.npy"))
        self.assertIn("x.npy", self.refusal("train", config, "--out", "run"))
        config = files.write_table_run(self.folder)
        files.write(self.folder, "train.csv", files.table(5) + "11,green,perhaps\n")
        text = self.refusal("train", config, "--out", "run")
        self.assertIn("line 7", text)
        self.assertNotIn("green", text)
        self.assertFalse(os.path.exists(self.path("run")))


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


if __name__ == "__main__":
    unittest.main()
