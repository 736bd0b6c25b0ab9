"""The dpml command as a user meets it who asks without training: help, configs, neighbours. Needs the binary in $DPML."""

import os
import pathlib
import unittest
import xml.etree.ElementTree

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
    "inspect": ["PATH", "--set", "--svg", "--json"],
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
                        ["inspect", ""], ["inspect", config, "--svg", ""], ["eval", ""], ["eval", "run", "--data", ""], ["predict", "", "--data", "x", "--out", "y"],
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


class OutlineTest(CommandTest):
    """dpml inspect CONFIG"""

    graph = files.VECTOR_CONFIG.replace("  layer { linear { out: 2 } }\n", """  layer { name: "stem" linear { out: 4 } }
  layer { name: "block" frozen: true repeat: 2 residual { body { layer { linear { out: 4 } } layer { tanh {} } } } }
  layer { name: "sum" from: ["block", "stem"] add {} }
  layer { linear { out: 2 } }
""")

    def setUp(self):
        super().setUp()
        files.write(self.folder, "graph.txtpb", self.graph)

    def contents(self):
        return {path.name: path.read_bytes() for path in pathlib.Path(self.folder).iterdir()}

    def test_a_table_tells_layers_shapes_and_parameters_without_the_data(self):
        text = self.expect(0, "inspect", "graph.txtpb").stdout
        lines = text.splitlines()
        self.assertEqual([line.split() for line in lines[:6]],
                         [["layer", "kind", "from", "result", "parameters", "trained", "on", "tape"],
                          ["input", "[3]", "3"],
                          ["stem", "linear", "[4]", "16", "16", "4"],
                          ["block", "repeat,", "frozen", "[4]", "40", "0", "24"],
                          ["block.0", "residual", "[4]", "20", "0", "12"],
                          ["block.0.body.0", "linear", "[4]", "20", "0", "4"]])
        self.assertEqual([len(line) - len(line.lstrip()) for line in lines[2:7]], [0, 0, 2, 4, 4])
        self.assertIn("\nsum                 add             block, stem  [4] ", text)
        self.assertEqual(len({len(line) for line in lines[:12]}), 1, "columns end alike")
        self.assertEqual(lines[-1], "66 parameters, 26 of them trained; 37 numbers of a sample on the tape")
        files.write(self.folder, "chain.txtpb", files.TABLE_CONFIG)
        self.assertNotIn("from", self.expect(0, "inspect", "chain.txtpb").stdout)

    def test_the_answer_agrees_with_plan(self):
        answer = self.answer("inspect", "graph.txtpb")
        self.assertEqual(answer["parameters"], self.answer("plan", "graph.txtpb")["parameters"])
        self.assertEqual(answer["trained"], 26)
        self.assertEqual(answer["input"], [3])
        layers = {layer["name"]: layer for layer in answer["layers"]}
        self.assertEqual(list(layers), ["stem", "block", "block.0", "block.0.body.0", "block.0.body.1", "block.1", "block.1.body.0",
                                        "block.1.body.1", "sum", "3"])
        self.assertEqual(layers["block"], {"name": "block", "kind": "repeat", "frozen": True, "shape": [4], "parameters": 40,
                                           "trained": 0, "recorded_numbers": 24})
        self.assertEqual(layers["block.1"]["inside"], "block")
        self.assertEqual(layers["sum"]["from"], ["block", "stem"])
        outer = [layer for layer in answer["layers"] if "inside" not in layer]
        for number in ("parameters", "trained"):
            self.assertEqual(sum(layer[number] for layer in outer), answer[number])

    def test_a_picture_has_a_box_for_each_layer(self):
        self.assertIn("picture in model.svg", self.expect(0, "inspect", "graph.txtpb", "--svg", "model.svg").stdout)
        space = "{http://www.w3.org/2000/svg}"
        root = xml.etree.ElementTree.parse(self.path("model.svg")).getroot()
        self.assertEqual(root.tag, space + "svg")
        names = [group.find(space + "title").text for group in root.iter(space + "g")]
        layers = self.answer("inspect", "graph.txtpb", "--svg", "model.svg")["layers"]
        self.assertEqual(names, ["input", *(layer["name"] for layer in layers)])
        lines = [path.get("class") for path in root.iter(space + "path")]
        self.assertEqual((lines.count("input"), lines.count("end")), (len(layers) + 1, 1 + 2 * 2))

    def test_a_picture_is_never_written_over_other_files(self):
        files.write_vector_run(self.folder)
        files.write(self.folder, "drawing.svg", '<?xml version="1.0" encoding="UTF-8"?>\n<svg ></svg>\n')
        before = self.contents()
        for name, told in (("graph.txtpb", "which this command reads"), ("x.npy", "which this command reads"),
                           ("vector.txtpb", "is not a picture of a model"), ("drawing.svg", "is not a picture of a model"),
                           (".", "found a folder"), ("no_folder/a.svg", "no_folder")):
            self.assertIn(told, self.refusal("inspect", "graph.txtpb", "--svg", name), name)
        self.assertEqual(self.contents(), before)

    def test_fields_are_replaced_and_problems_told_as_check_does(self):
        changed = self.answer("inspect", "graph.txtpb", "--set", "model.layer[1].repeat=3")
        self.assertEqual(changed["parameters"], 86)
        files.write(self.folder, "wrong.txtpb", self.graph.replace("tanh {}", "thanh {}").replace("clip_bound: 1", "clip_bound: -1"))
        self.assertIn("did you mean tanh?", self.refusal("inspect", "wrong.txtpb"))
        self.assertEqual(self.refusal("inspect", "wrong.txtpb"), self.refusal("check", "wrong.txtpb"))
        self.assertEqual(self.refusal("inspect", "nothing.txtpb"), self.refusal("check", "nothing.txtpb"))
        files.write(self.folder, "empty.txtpb", "")
        self.assertEqual(self.refusal("inspect", "empty.txtpb"), self.refusal("check", "empty.txtpb"))

    def test_a_config_is_known_by_its_text(self):
        for text in (self.graph, "\ufeff" + self.graph.replace("model {", "model: {").replace("\n", "\r\n"),
                     self.graph.replace("model {", "  model  # of the page\n {")):
            files.write(self.folder, "config", text)
            self.assertEqual(self.answer("inspect", "config")["parameters"], 66)
        for content in ("modelling {\n", "a, model {\n", b"model {\n\xff"):
            files.write(self.folder, "other", content)
            self.assertIn("other", self.refusal("inspect", "other"))
            for option in (["--svg", "a.svg"], ["--set", "loss=CROSS_ENTROPY"]):
                self.assertIn("other: is no config, and --svg and --set are for configs", self.refusal("inspect", "other", *option))
        self.assertFalse(os.path.exists(self.path("a.svg")))

    def test_five_billion_parameters_are_shown_and_not_made(self):
        files.write(self.folder, "wide.txtpb", files.VECTOR_CONFIG.replace(
            "layer { linear { out: 2 } }", "layer { linear { out: 70000 } } layer { linear { out: 70000 } } layer { linear { out: 2 } }"))
        self.assertEqual(self.answer("inspect", "wide.txtpb", "--svg", "wide.svg")["parameters"],
                         70000 * 4 + 70000 * 70001 + 2 * 70001)


if __name__ == "__main__":
    unittest.main()
