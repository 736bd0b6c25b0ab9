"""The dpml command as a user meets it who asks without training: help, configs, neighbours. Needs the binary in $DPML."""

import os
import unittest

import example_files as files
from command import CommandTest, schedule

RELEASED = ["--sampler", "--sampling-rate", "--batch-size", "--dataset-size", "--noise-multiplier", "--steps", "--epochs",
            "--phase", "--events", "--ledger", "--accountant", "--relative-gap", "--neighbours", "--group", "--rows-per-user", "--json"]
OPTIONS = {
    "plan": ["CONFIG", "--set", "--json"],
    "check": ["CONFIG", "--set", "--json"],
    "train": ["CONFIG", "--out", "--set", "--resume", "--threads", "--quiet", "--json"],
    "eval": ["DIR", "--split", "--data", "--threads", "--json"],
    "predict": ["DIR", "--data", "--out", "--logits", "--threads", "--json"],
    "inspect": ["PATH", "--json"],
    "export": ["RUN", "--safetensors", "--npz", "--onnx", "--json"],
    "audit": ["DIR", "--json"],
    "epsilon": [*RELEASED, "--delta", "--curve", "--points", "--svg"],
    "delta": [*RELEASED, "--epsilon"],
    "noise": [*RELEASED, "--epsilon", "--delta", "--solve"],
    "neighbours": ["--trials", "--seed", "--verbose", "--json"],
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

    def test_an_empty_value_is_no_wish(self):
        """A shell variable that was not set; read as 0, it would be an answer to another question."""
        for command in OPTIONS:
            text = self.expect(0, command, "--help").stdout
            names = {line.split()[0].split(":")[0] for line in text.splitlines() if line.startswith("  --")}
            for name in names - {"--json", "--resume", "--quiet", "--logits", "--verbose"}:
                self.assertIn(f"{name}: is empty", self.refusal(command, name, ""), command)

    def test_the_range_of_a_number_is_told(self):
        for arguments, range_ in ((["neighbours", "--trials"], "1 to 1,000,000,000"),
                                  (["epsilon", "--delta", 1e-5, "--points"], "0 to 10,000"),
                                  (["epsilon", "--delta", 1e-5, "--group"], "1 to 1,000,000,000"),
                                  (["eval", "run", "--threads"], "0 to 1,024")):
            for number in ("-1", "1.5", "abc", "99999999999", "1e400"):
                said = self.refusal(*arguments, number)
                self.assertIn(f"{arguments[-1]}: is {number}, expected a whole number from {range_}\n", said)

    def test_the_version_is_told(self):
        self.assertRegex(self.expect(0, "--version").stdout, r"^dpml \d+\.\d+\.\d+")


class NeighboursTest(CommandTest):
    def test_one_record_moves_a_sum_by_at_most_the_clip_bound(self):
        text = self.expect(0, "neighbours", "--trials", 8).stdout
        self.assertRegex(text, r"^8 pairs of data sets .* at most [01]\.\d{7} clip bounds apart")
        self.assertIn("PASSED", text)

    def test_every_pair_is_told_when_asked_for(self):
        answer = self.answer("neighbours", "--trials", 5, "--seed", 3, "--verbose")
        self.assertEqual((answer["passed"], answer["trials"], answer["failed"]), (True, 5, 0))
        self.assertEqual(len(answer["all"]), 5)
        for trial in [*answer["all"], answer["worst"]]:
            self.assertTrue(trial["holds"], trial)
            self.assertLessEqual(0, trial["moved"], trial)
            self.assertLessEqual(trial["moved"], 1, trial)
        self.assertEqual(answer, self.answer("neighbours", "--trials", 5, "--seed", 3, "--verbose"))

    def test_impossible_numbers_are_refused(self):
        for trials in (0, -1, "many"):
            self.assertIn("--trials", self.refusal("neighbours", "--trials", trials))


class ConfigTest(CommandTest):
    def test_a_right_config_is_right(self):
        files.write_table_run(self.folder)
        self.assertIn("is right", self.expect(0, "check", "table.txtpb").stdout)
        self.assertEqual(self.answer("check", "table.txtpb")["problems"], [])

    def test_data_files_that_cannot_be_opened_are_told_all_at_once(self):
        files.write_table_run(self.folder)
        os.rename(self.path("train.csv"), self.path("trian.csv"))
        os.truncate(self.path("test.csv"), 0)
        problems = self.answer("check", "table.txtpb", "--set", "runtime.initial_model=no.h5", code=2)["problems"]
        self.assertEqual(len(problems), 3, problems)
        self.assertIn("train.csv: no such file; did you mean", problems[0])
        self.assertIn("test.csv: the file is empty", problems[1])
        self.assertIn("no.h5: no such file", problems[2])
        self.assertIn("train.csv: no such file", self.refusal("check", "table.txtpb"))
        self.expect(0, "plan", "table.txtpb")

    def test_a_byte_order_mark_is_passed_over(self):
        files.write_table_run(self.folder)
        files.write(self.folder, "marked.txtpb", "\ufeff" + files.TABLE_CONFIG)
        self.expect(0, "check", "marked.txtpb")
        files.write(self.folder, "wide.txtpb", files.TABLE_CONFIG.encode("utf-16"))
        self.assertIn("UTF-16", self.refusal("check", "wide.txtpb"))
        files.write(self.folder, "events.txtpb", "\ufeff" + files.EVENTS)
        self.answer("epsilon", "--events", "events.txtpb", "--neighbours", "add_or_remove_one", "--delta", 1e-5)

    def test_a_name_that_is_empty_is_refused(self):
        config = files.write_table_run(self.folder)
        before = sorted(os.listdir(self.folder))
        for command in (["train", config, "--out", ""], ["train", "", "--out", "run"], ["check", ""], ["plan", ""], ["audit", ""],
                        ["inspect", ""], ["eval", ""], ["eval", "run", "--data", ""], ["predict", "", "--data", "x", "--out", "y"],
                        ["predict", "run", "--data", "", "--out", "y"], ["predict", "run", "--data", "x", "--out", ""],
                        ["epsilon", "--events", "", "--delta", 1e-5], ["epsilon", "--ledger", "", "--delta", 1e-5],
                        ["epsilon", *schedule(), "--noise-multiplier", 1, "--svg", ""]):
            self.assertIn("empty", self.refusal(*command), command)
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_every_problem_is_told_with_its_line(self):
        files.write_table_run(self.folder)
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


if __name__ == "__main__":
    unittest.main()
