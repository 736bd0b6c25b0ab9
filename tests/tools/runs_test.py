"""The dpml command as a user meets it who trains: runs, their audit, predictions. Needs the binary in $DPML."""

import csv
import json
import math
import os
import pathlib
import re
import resource
import struct
import subprocess
import unittest
import zipfile

import example_files as files
from command import DPML, TIMEOUT, CommandTest


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
            self.assertEqual(list(rows[0]), ["row", "class", "probability_no", "probability_yes"])
            for number, row in enumerate(rows):
                no, yes = float(row["probability_no"]), float(row["probability_yes"])
                self.assertEqual((row["row"], row["class"]), (str(number), "yes" if yes > no else "no"))
                self.assertTrue(0 <= no <= 1 and abs(no + yes - 1) < 1e-6, row)
            truth = [line.split(",")[2] for line in files.table(30, seed=2).splitlines()[1:]]
            right = sum(row["class"] == answer for row, answer in zip(rows, truth, strict=True))
            self.assertAlmostEqual(right / 30, evaluated["accuracy"])
        self.expect(0, "predict", "run", "--data", "new.csv", "--out", "logits.csv", "--logits")
        for row, raw in zip(rows, self.rows_of("logits.csv"), strict=True):
            odds = math.exp(float(raw["logit_yes"]) - float(raw["logit_no"]))
            self.assertAlmostEqual(float(row["probability_yes"]), odds / (1 + odds), places=6)

    def test_predictions_have_a_line_for_each_row(self):
        config = files.write_table_run(self.folder)
        missing = ['data.table.missing_marker=["?"]', "data.table.on_missing=DROP_ROW_WITH_MISSING"]
        self.train(config, "--set", missing[0], "--set", missing[1])
        files.write(self.folder, "new.csv", "colour,id,height\nred,a,1\nblue,b,?\n\nred,c,9\n?,d,?\n")
        text = self.expect(0, "predict", "run", "--data", "new.csv", "--out", "out.csv").stdout
        self.assertIn("2 predictions in out.csv; 2 rows without one", text)
        self.assertIn("1 column of new.csv is not used", text)
        rows = self.rows_of("out.csv")
        self.assertEqual([(row["row"], row["class"] != "", row["probability_no"] != "") for row in rows],
                         [("0", True, True), ("1", False, False), ("2", True, True), ("3", False, False)])
        files.write(self.folder, "one.csv", "height,colour\n1,red\n")
        self.assertIn("1 prediction in", self.expect(0, "predict", "run", "--data", "one.csv", "--out", "out.csv").stdout)
        files.write(self.folder, "new.csv", "colour,id\nred,a\n")
        self.assertIn('does not name the column "height"', self.refusal("predict", "run", "--data", "new.csv", "--out", "out.csv"))
        self.assertEqual(len(self.rows_of("out.csv")), 1)

    def test_predictions_are_named_for_every_loss(self):
        config = files.write_table_run(self.folder)
        one = ["--set", "model.layer[2].linear.out=1"]
        self.answer("train", config, "--out", "binary", "--quiet", "--set", "loss=BINARY_CROSS_ENTROPY", *one)
        self.expect(0, "predict", "binary", "--data", "train.csv", "--out", "out.csv")
        for row in self.rows_of("out.csv"):
            self.assertEqual(row["class"], "yes" if float(row["probability_yes"]) > 0.5 else "no")
        files.write(self.folder, "numbers.txtpb", files.TABLE_CONFIG.replace('name: "answer" label { classes: ["no", "yes"] }',
                                                                             'name: "weight" target {}')
                    .replace("CROSS_ENTROPY", "MEAN_SQUARED_ERROR"))
        for name in ("train.csv", "test.csv"):
            files.write(self.folder, name, "height,colour,weight\n" + "".join(f"{i % 10},red,{i % 10}\n" for i in range(100)))
        self.answer("train", "numbers.txtpb", "--out", "numbers", "--quiet", *one)
        self.expect(0, "predict", "numbers", "--data", "train.csv", "--out", "out.csv")
        self.assertEqual(list(self.rows_of("out.csv")[0]), ["row", "prediction_weight"])

    def test_rows_that_are_not_finite_have_no_prediction(self):
        self.train(files.write_vector_run(self.folder))
        files.write(self.folder, "x2.npy", files.npy((3, 3), [0, 0, 0, math.nan, 0, 0, 0, 0, math.inf]))
        answer = self.answer("predict", "run", "--data", "x2.npy", "--out", "out.csv")
        self.assertEqual((answer["count"], answer["without_prediction"]), (3, 2))
        self.assertEqual([row["class"] != "" for row in self.rows_of("out.csv")], [True, False, False])

    def test_predictions_are_never_written_over_what_is_read(self):
        self.train(files.write_vector_run(self.folder))
        os.symlink("x.npy", self.path("link.npy"))
        os.symlink("run/owner", self.path("private"))
        os.link(self.path("run", "model.h5"), self.path("same.h5"))
        os.link(self.path("run", "owner", "log.csv"), self.path("same.csv"))
        content = lambda name: pathlib.Path(self.path(name)).read_bytes()
        names = ["x.npy", "y.npy", "run/model.h5", "run/owner/log.csv", "run/owner/checkpoint.h5", "run/owner/ledger.journal"]
        before = [content(name) for name in names]
        files.write(self.folder, "new.npy", files.npy((1, 3), [0, 0, 0]))
        for out in (*names, "new.npy", "./new.npy", "link.npy", "same.h5", "same.csv", "run/p.csv", "run/owner/p.csv", "private/p.csv",
                    "run/../run/p.csv", self.path("run", "p.csv")):
            for model in ("run", "run/model.h5"):
                said = self.refusal("predict", model, "--data", "new.npy", "--out", out)
                self.assertRegex(said, "which this command reads|lies in the folder of a run", out)
        self.assertEqual([content(name) for name in names], before)
        self.assertIn("folder", self.refusal("predict", "run", "--data", "new.npy", "--out", "."))
        said = self.refusal("epsilon", "--ledger", "run", "--delta", 1e-4, "--svg", "run/model.h5")
        self.assertIn("which this command reads", said)
        self.expect(0, "predict", "same.h5", "--data", "new.npy", "--out", "out.csv")  # a model alone is no run
        os.symlink("out.csv", self.path("out_link.csv"))
        self.expect(0, "predict", "run", "--data", "x.npy", "--out", "out_link.csv")
        self.assertTrue(os.path.islink(self.path("out_link.csv")))
        self.assertEqual(len(self.rows_of("out.csv")), 100)

    def test_only_files_of_the_kind_that_is_written_are_written_over(self):
        config = files.write_vector_run(self.folder)
        self.train(config)
        answer = ["epsilon", "--noise-multiplier", 1, "--sampling-rate", 0.1, "--steps", 2, "--delta", 1e-5, "--svg"]
        before = pathlib.Path(self.path(config)).read_bytes()
        for command in (["predict", "run", "--data", "x.npy", "--out"], answer):
            files.write(self.folder, "notes.txt", "a day's work")
            for out in (config, "notes.txt"):
                self.assertIn("is there already and is not a ", self.refusal(*command, out))
            self.assertEqual(pathlib.Path(self.path("notes.txt")).read_text(), "a day's work")
            files.write(self.folder, "notes.txt", "")
            for _ in range(2):  # its own file is written over
                self.expect(0, *command, "notes.txt")
            self.assertIn("device or a pipe", self.refusal(*command, "/dev/stdin"))
        self.assertEqual(pathlib.Path(self.path(config)).read_bytes(), before)

    def test_predictions_go_to_standard_output_when_asked(self):
        self.train(files.write_table_run(self.folder))
        files.write(self.folder, "new.csv", "note,colour,height\nx,red,1\ny,blue,9\n")
        self.expect(0, "predict", "run", "--data", "new.csv", "--out", "out.csv")
        result = self.expect(0, "predict", "run", "--data", "new.csv", "--out", "-")
        self.assertEqual(result.stdout, pathlib.Path(self.path("out.csv")).read_text())
        self.assertIn("2 predictions\n1 column of new.csv is not used", result.stderr)
        self.assertFalse(os.path.exists(self.path("-")))
        self.assertIn("--json", self.refusal("predict", "run", "--data", "new.csv", "--out", "-", "--json"))

    def test_a_claim_of_nothing_says_why(self):
        config = files.write_vector_run(self.folder)
        text = pathlib.Path(self.path(config)).read_text()
        self.assertIn("target_epsilon: 5", text)
        for noise, reason in (("0", "there is no noise"), ("1e-300", "so little noise")):
            files.write(self.folder, "loud.txtpb", text.replace("target_epsilon: 5", "noise_multiplier: " + noise))
            told = self.expect(0, "train", "loud.txtpb", "--out", "run" + noise, "--quiet").stdout
            self.assertRegex(told, "NOT PRIVATE: .*" + reason)

    def test_a_model_whose_audit_fails_is_not_offered_for_release(self):
        config = files.write_vector_run(self.folder)
        for change, passes in (("privacy.delta=0.009", True), ("privacy.delta=0.01", False), ("privacy.seed=1", False)):
            run = "run_" + change
            told = self.expect(0, "train", config, "--out", run, "--quiet", "--set", change).stdout
            self.assertEqual("may be released" in told, passes, told)
            self.assertEqual("do not release it" in told, not passes, told)
            self.expect(0 if passes else 1, "audit", run)

    def test_eval_takes_a_file_of_ones_own(self):
        config = files.write_table_run(self.folder)
        self.train(config)
        of_config = self.answer("eval", "run")
        files.write(self.folder, "own.csv", "answer,id,colour,height\n" + "".join(
            ",".join((answer, "x", colour, height)) + "\n"
            for height, colour, answer in (line.split(",") for line in files.table(30, seed=2).splitlines()[1:])))
        own = self.answer("eval", "run", "--data", "own.csv")
        self.assertEqual((own["accuracy"], own["loss"], own["count"]), tuple(of_config[key] for key in ("accuracy", "loss", "count")))
        self.assertEqual(own["data"], ["own.csv"])
        self.assertIn("one CSV file", self.refusal("eval", "run", "--data", "own.csv", "own.csv"))
        self.assertIn("excludes", self.refusal("eval", "run", "--data", "own.csv", "--split", "train"))
        files.write(self.folder, "own.csv", "answer,colour,height\nperhaps,red,1\n")
        self.assertIn('own.csv: line 2, column "answer"', self.refusal("eval", "run", "--data", "own.csv"))
        files.write(self.folder, "own.csv", "answer,colour,height\n")
        self.assertIn("no row is left", self.refusal("eval", "run", "--data", "own.csv"))
        files.write(self.folder, "test.csv", "height,colour,answer\n")
        self.assertIn("no row is left", self.refusal("eval", "run"))

    def test_eval_takes_two_files_of_arrays(self):
        self.train(files.write_vector_run(self.folder))
        own = self.answer("eval", "run", "--data", "x.npy", "y.npy")
        self.assertEqual(own["accuracy"], self.answer("eval", "run", "--split", "train")["accuracy"])
        self.assertIn("two .npy files, inputs and labels", self.refusal("eval", "run", "--data", "x.npy"))
        files.write(self.folder, "y2.npy", files.npy((100, 1), [0] * 100))
        self.assertIn("y2.npy: labels are [N, 1]", self.refusal("eval", "run", "--data", "x.npy", "y2.npy"))

    def test_a_bad_row_is_told_with_its_place_and_nothing_is_released(self):
        config = files.write_vector_run(self.folder)
        for labels, place in (([0] * 77 + [2] + [0] * 22, "y.npy: row 77 "), ([0] * 77 + [math.nan] + [0] * 22, "y.npy: row 77 ")):
            files.write(self.folder, "y.npy", files.npy((100,), labels))
            self.assertIn(place, self.refusal("train", config, "--out", "run"))
        files.write(self.folder, "y.npy", files.npy((100,), [0] * 100))
        for number, told in ((math.nan, "no row is finite"), (math.inf, "no row is finite")):
            files.write(self.folder, "x.npy", files.npy((100, 3), [number] * 300))
            self.assertIn(told, self.refusal("train", config, "--out", "run"))
        config = files.write_table_run(self.folder)
        files.write(self.folder, "train.csv", "height,colour,answer\n?,red,no\n?,blue,yes\n")
        dropped = ["--set", 'data.table.missing_marker=["?"]', "--set", "data.table.on_missing=DROP_ROW_WITH_MISSING"]
        self.assertIn("train.csv): no row is left", self.refusal("train", config, "--out", "run", *dropped))
        self.assertFalse(os.path.exists(self.path("run")))

    def test_weights_that_are_not_finite_end_the_run_without_a_model(self):
        config = files.write_vector_run(self.folder)
        said = self.refusal("train", config, "--out", "run", "--quiet", "--set", "optimizer.sgd.learning_rate=1e300")
        self.assertIn("not finite any more", said)
        self.assertIn("learning rate", said)
        self.assertFalse(os.path.exists(self.path("run", "model.h5")))

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

    def test_finished_runs_compose(self):
        config = files.write_vector_run(self.folder)
        for name in ("a", "b"):
            self.answer("train", config, "--out", name, "--quiet")
        both = self.answer("epsilon", "--ledger", "a", "b/model.h5", "--delta", 1e-4)
        entries = [entry for name in "ab" for entry in self.answer("inspect", name)["ledger"]]
        text = "".join(f"entry {{ event {{ {entry['event']} }} count: {entry['count']} }}\n" for entry in entries)
        one = ["--neighbours", "add_or_remove_one"]
        self.assertEqual(both["epsilon"],
                         self.answer("epsilon", "--events", "-", *one, "--delta", 1e-4, stdin=text)["epsilon"])
        self.assertGreater(both["epsilon"], self.answer("epsilon", "--ledger", "a", "--delta", 1e-4)["epsilon"])
        self.assertTrue(any("the same data and the same unit" in note for note in both["notes"]), both)
        self.assertIn("replace_one", self.refusal("epsilon", "--ledger", "a", "--delta", 1e-4, "--neighbours", "replace_one"))

        self.expect(0, "train", config, "--out", "other", "--quiet", "--set", "privacy.neighbours=REPLACE_ONE")
        self.assertIn("other", self.refusal("epsilon", "--ledger", "a", "other", "--delta", 1e-4))
        self.expect(0, "train", config, "--out", "unit", "--quiet", "--set", 'privacy.unit="one person"')
        self.assertIn("one person", self.refusal("epsilon", "--ledger", "a", "unit", "--delta", 1e-4))
        self.expect(0, "train", config, "--out", "seeded", "--quiet", "--set", "privacy.seed=1")
        seeded = self.answer("epsilon", "--ledger", "a", "seeded", "--delta", 1e-4)
        self.assertEqual(seeded["epsilon"], "inf")
        self.assertTrue(any("seed" in note for note in seeded["notes"]), seeded)
        self.assertIn("x.npy", self.refusal("epsilon", "--ledger", "a", "x.npy", "--delta", 1e-4))

    def test_training_ends_within_a_budget(self):
        config = files.write_vector_run(self.folder)
        budget = ["--set", "privacy.noise_multiplier=1", "--set", "privacy.steps=1000", "--set", "privacy.epsilon_budget=5"]
        plan = self.answer("plan", config, *budget)
        result = self.train(config, *budget)
        self.assertTrue(result["finished"])
        self.assertEqual((result["steps"], result["epsilon"]), (plan["steps"], plan["epsilon"]))
        self.assertTrue(0 < result["steps"] < 1000)
        self.assertLessEqual(result["epsilon"], 5)
        self.assertEqual({check["name"]: check["verdict"] for check in self.answer("audit", "run")["checks"]}["budget"], "ok")

    def test_an_export_says_what_is_claimed_and_is_written_over_nothing_else(self):
        trained = self.train(files.write_vector_run(self.folder))
        outputs = ["--safetensors", "w.safetensors", "--npz", "w.npz", "--onnx", "w.onnx"]
        answer = self.answer("export", "run", *outputs)
        self.assertEqual((answer["epsilon"], answer["record"], answer["unit"]), (trained["epsilon"], trained["record"], "one row"))
        self.assertEqual(answer["files"], {"safetensors": "w.safetensors", "npz": "w.npz", "onnx": "w.onnx"})
        content = lambda name: pathlib.Path(self.path(name)).read_bytes()
        before = [content(name) for name in answer["files"].values()]
        length = struct.unpack("<Q", before[0][:8])[0]
        metadata = json.loads(before[0][8:8 + length])["__metadata__"]
        self.assertEqual((metadata["record"], float(metadata["epsilon"])), (trained["record"], trained["epsilon"]))
        self.expect(0, "export", "run/model.h5", *outputs)
        self.assertEqual([content(name) for name in answer["files"].values()], before)
        self.assertIn("nothing to write", self.refusal("export", "run"))
        self.assertIn("is stated for two formats", self.refusal("export", "run", "--npz", "a", "--onnx", "./a"))
        files.write(self.folder, "other.npz", b"PK\3\4")
        for option, name, told in (("--npz", "run/model.h5", "which this command reads"), ("--onnx", "x.npy", "which this command reads"),
                                   ("--npz", "run/w.npz", "lies in the folder of a run"), ("--npz", "other.npz", "is not an .npz of dpml"),
                                   ("--safetensors", "w.onnx", "is not safetensors of dpml"), ("--onnx", "w.npz", "is not ONNX of dpml"),
                                   ("--onnx", "vector.txtpb", "is not ONNX of dpml")):
            self.assertIn(told, self.refusal("export", "run", "--safetensors", "new", option, name) if option != "--safetensors"
                          else self.refusal("export", "run", option, name))
            self.assertFalse(os.path.exists(self.path("new")), "nothing is written before every file may be")
        self.refusal("export", "x.npy", "--onnx", "new")

    def test_other_weights_begin_a_run_by_their_names(self):
        config = files.write_vector_run(self.folder)
        self.train(config)
        self.expect(0, "export", "run", "--npz", "w.npz")
        start = ["--set", 'runtime.initial_model="w.npz"', "--set", "privacy.initial_weights=PUBLIC"]
        result = self.expect(0, "train", config, "--out", "next", *start)
        self.assertIn("w.npz: not used: dpml_guarantee", result.stderr + result.stdout)
        said = self.refusal("train", config, "--out", "other", *start, "--set", 'model.layer[0].name="fc"')
        self.assertIn("holds no weights under the names of the model; expected fc.weight [2, 3]", said)
        self.expect(0, "train", config, "--out", "other", *start, "--set", 'model.layer[0].name="fc"',
                    "--set", 'runtime.initial_names={ rename { from: "0.*" to: "fc.*" } fresh: "fc.bias" }')

    def test_a_low_rank_adaptation_trains_on_kept_weights_and_is_exported_as_plain_ones(self):
        config = files.write_vector_run(self.folder)
        self.train(config)
        adapt = ["--set", "model.layer[0].lora={ rank: 1 }", "--set", 'runtime.initial_model="run"', "--set", "privacy.initial_weights=PUBLIC"]
        said = self.refusal("train", config, "--out", "next", *adapt)
        self.assertIn("lora_A", said)
        fresh = ["--set", 'runtime.initial_names={ fresh: ["*.lora_A.weight", "*.lora_B.weight"] }']
        self.expect(0, "train", config, "--out", "next", *adapt, *fresh)
        self.assertTrue(self.answer("audit", "next")["passed"])
        self.expect(0, "export", "run", "--npz", "before.npz")
        self.expect(0, "export", "next", "--npz", "after.npz", "--onnx", "after.onnx")
        names = {name: zipfile.ZipFile(self.path(f"{name}.npz")).namelist() for name in ("before", "after")}
        self.assertEqual(names["before"], names["after"])
        weight, bias = ({name: zipfile.ZipFile(self.path(f"{name}.npz")).read(array) for name in names} for array in ("0.weight.npy", "0.bias.npy"))
        self.assertNotEqual(weight["before"], weight["after"], "the adaptation is added")
        self.assertEqual(bias["before"], bias["after"], "the bias is kept")
        self.assertNotIn(b"lora", pathlib.Path(self.path("after.onnx")).read_bytes())

    def test_shipped_models_of_text_train_and_are_exported(self):
        models = pathlib.Path(__file__).resolve().parents[2] / "models" / "text"
        ids = files.npy((100, 64), [i % 60 for i in range(6400)])
        files.write(self.folder, "x.npy", ids)
        files.write(self.folder, "half.npy", files.npy((100,), [i % 2 for i in range(100)]))
        for name, labels in (("lstm", "x.npy"), ("transformer", "x.npy"), ("classifier", "half.npy")):
            text = (models / f"{name}.txtpb").read_text()
            files.write(self.folder, f"{name}.txtpb", re.sub(r"\bepochs: \d+", "steps: 2", text))
            of_test = [word for part in ("train", "test") for field, file in (("inputs", "x.npy"), ("labels", labels))
                       for word in ("--set", f'data.{part}.npy.{field}="{file}"')]
            result = self.answer("train", f"{name}.txtpb", "--out", name, "--quiet", *of_test, "--set", "privacy.poisson.public_size=100",
                                 "--set", "privacy.poisson.expected_batch_size=20", "--set", "privacy.delta=1e-3")
            self.assertEqual((result["steps"], result["finished"]), (2, True), name)
            self.assertTrue(self.answer("audit", name)["passed"], name)
            self.expect(0, "predict", name, "--data", "x.npy", "--out", f"{name}.csv")
            exported = self.answer("export", name, "--onnx", f"{name}.onnx", "--npz", f"{name}.npz")
            self.assertEqual(exported["epsilon"], result["epsilon"])

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


class FullDiskTest(CommandTest):
    def limited(self, size, *command):
        """The command where no file grows beyond `size` bytes."""
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        return subprocess.run([DPML, *command], cwd=self.folder, capture_output=True, text=True, timeout=TIMEOUT, preexec_fn=limit)

    def test_an_answer_that_cannot_be_written_is_an_error(self):
        files.write_table_run(self.folder)
        for command in (["plan", "table.txtpb"], ["check", "table.txtpb", "--json"], ["train", "table.txtpb", "--out", "run", "--quiet"],
                        ["eval", "run"], ["audit", "run"]):
            with open("/dev/full", "w") as full:
                result = subprocess.run([DPML, *command], cwd=self.folder, stdout=full, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT)
            self.assertEqual(result.returncode, 2, command)
            self.assertIn("standard output: the answer could not be written: No space left", result.stderr, command)
        self.answer("audit", "run")

    def test_nothing_is_left_half_written(self):
        config = files.write_table_run(self.folder)
        result = self.limited(2000, "train", config, "--out", "run", "--quiet")
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("checkpoint.h5: cannot be written", result.stderr)
        self.assertEqual(os.listdir(self.path("run", "owner")), [])
        self.answer("train", config, "--out", "run", "--quiet")
        result = self.limited(100, "predict", "run", "--data", "train.csv", "--out", "out.csv")
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("out.csv: cannot be written", result.stderr)
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("out.csv")], [])


if __name__ == "__main__":
    unittest.main()
