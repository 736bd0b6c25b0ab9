"""The dpml command as a user meets it who asks without training: help, accounting, configs. Needs the binary in $DPML."""

import decimal
import math
import os
import pathlib
import statistics
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


def gaussian_delta(epsilon, noise_multiplier, steps):
    """Exact delta of `steps` Gaussian releases without sampling (Balle and Wang 2018, theorem 8)."""
    mu = math.sqrt(steps) / noise_multiplier
    normal = lambda x: math.erfc(-x / math.sqrt(2)) / 2
    return normal(mu / 2 - epsilon / mu) - math.exp(epsilon) * normal(-mu / 2 - epsilon / mu)


class AccountingTest(CommandTest):
    def test_epsilon_answers_the_known_value(self):
        answer = self.answer("epsilon", *schedule(), "--noise-multiplier", 1)
        # The truth is in [6.187694, 6.187745], by an independent bracket in long double.
        self.assertTrue(6.187694 <= answer["epsilon"] <= 6.1940, answer)
        self.assertTrue(6.1815 <= answer["epsilon_lower"] <= 6.187745, answer)
        self.assertEqual({key: answer[key] for key in ("noise_multiplier", "delta", "accountant", "method", "neighbours")},
                         {"noise_multiplier": 1, "delta": 1e-5, "accountant": "pld", "method": "pld",
                          "neighbours": "add_or_remove_one"})
        self.assertNotIn("order", answer)
        renyi = self.answer("epsilon", *schedule(), "--noise-multiplier", 1, "--accountant", "rdp")
        self.assertAlmostEqual(renyi["epsilon"], 6.712, delta=0.001)
        self.assertGreater(renyi["order"], 1)

    def test_the_interval_is_as_narrow_as_asked(self):
        flags = [*schedule(), "--noise-multiplier", 1]
        for accountant in ("pld", "best"):
            for gap in (1e-2, 1e-5):
                answer = self.answer("epsilon", *flags, "--accountant", accountant, "--relative-gap", gap)
                lower, upper = answer["epsilon_lower"], answer["epsilon"]
                self.assertTrue(lower <= 6.187745 and 6.187694 <= upper and upper - lower <= gap * upper, answer)
        delta = self.answer("delta", *schedule()[:-2], "--noise-multiplier", 1, "--epsilon", 6, "--relative-gap", 1e-5)
        self.assertTrue(0 < delta["delta"] - delta["delta_lower"] <= 1e-5 * delta["delta"], delta)
        noise = self.answer("noise", *schedule(), "--epsilon", 1, "--relative-gap", 1e-5)
        self.assertTrue(0 < noise["epsilon"] - noise["epsilon_lower"] <= 1e-5 * noise["epsilon"], noise)

    def test_an_interval_that_is_not_computed_has_no_width_to_choose(self):
        flags = ["epsilon", *schedule(), "--noise-multiplier", 1, "--relative-gap"]
        for accountant in ("rdp", "gdp", "zcdp"):
            self.assertIn("--accountant pld or best", self.refusal(*flags, 1e-3, "--accountant", accountant))
        for gap in ("1e-10", "0.2", "nan"):
            self.assertIn("1e-9 to 0.1", self.refusal(*flags, gap))

    def test_the_answer_is_told_outward_with_the_events_it_is_about(self):
        text = self.expect(0, "epsilon", *schedule(), "--noise-multiplier", 1, "--accountant", "best").stdout
        answer = self.answer("epsilon", *schedule(), "--noise-multiplier", 1, "--accountant", "best")
        self.assertEqual(answer["method"], "pld")
        self.assertIn("best: pld", text)
        self.assertIn("10,000 x poisson_sampled", text)
        lower = decimal.Decimal(text.split("no smaller epsilon than ")[1].split()[0])
        self.assertLessEqual(lower, decimal.Decimal(answer["epsilon_lower"]))
        self.assertGreater(lower, decimal.Decimal(answer["epsilon_lower"] - 1.01e-4))
        for noise, digits in ((1e3, 4), (1e6, 4), (1e9, 4)):  # below 0.1 with four digits
            arguments = ["epsilon", *schedule(0.001, 3), "--noise-multiplier", noise, "--accountant", "rdp"]
            printed = decimal.Decimal(self.expect(0, *arguments).stdout.split()[1])
            computed = decimal.Decimal(self.answer(*arguments)["epsilon"])
            self.assertTrue(computed <= printed <= computed * (1 + decimal.Decimal(10) ** (1 - digits)), noise)

    def test_delta_inverts_epsilon(self):
        arguments = [*schedule()[:4], "--noise-multiplier", 1]
        epsilon = self.answer("epsilon", *arguments, "--delta", 1e-5)["epsilon"]
        answer = self.answer("delta", *arguments, "--epsilon", epsilon)
        self.assertTrue(0.99e-5 < answer["delta_lower"] <= answer["delta"] <= 1.01e-5, answer)
        self.assertEqual((answer["epsilon"], answer["accountant"], answer["method"]), (epsilon, "pld", "pld"))
        self.assertEqual(self.answer("delta", *arguments, "--epsilon", "inf")["delta"], 0)
        self.assertEqual(self.answer("delta", "--sampling-rate", 0.01, "--noise-multiplier", 0, "--steps", 1,
                                     "--epsilon", 1)["delta"], 1)
        for wrong in (-1, "nan"):
            self.assertIn("epsilon", self.refusal("delta", *arguments, "--epsilon", wrong))
        text = self.expect(0, "delta", *arguments, "--epsilon", 20).stdout
        self.assertIn("no smaller delta than", text)
        self.assertIn(" at epsilon 0.01 ", self.expect(0, "delta", *arguments, "--epsilon", 0.01).stdout)  # as it was asked

    def test_epsilon_is_that_of_the_sampler_that_ran(self):
        common = ["--noise-multiplier", 1, "--delta", 1e-5, "--neighbours", "zero_out"]
        poisson = self.answer("epsilon", *common, "--sampling-rate", 0.01, "--epochs", 2)
        same = self.answer("epsilon", *common, "--batch-size", 100, "--dataset-size", 10000, "--steps", 200)
        self.assertEqual(poisson["epsilon"], same["epsilon"])
        full = self.answer("epsilon", *common, "--sampler", "full_batch", "--steps", 2)
        for batches in (["--sampling-rate", 0.01], ["--batch-size", 100, "--dataset-size", 10000]):
            shuffled = self.answer("epsilon", *common, "--sampler", "shuffle", *batches, "--epochs", 2)
            self.assertAlmostEqual(shuffled["epsilon"], full["epsilon"], delta=0.002 * full["epsilon"])  # no amplification
            self.assertTrue(shuffled["notes"])
            bins = self.answer("epsilon", *common, "--sampler", "balls_and_bins", *batches, "--steps", 101)
            self.assertLess(bins["epsilon"], poisson["epsilon"])
            again = self.answer("epsilon", *common, "--sampler", "balls_and_bins", *batches, "--epochs", 2)
            self.assertEqual(bins["epsilon"], again["epsilon"])  # a begun epoch is a whole one
        fixed = ["--sampler", "without_replacement", "--batch-size", 100, "--dataset-size", 10000, "--epochs", 2]
        self.assertGreater(self.answer("epsilon", *common, *fixed)["epsilon"], poisson["epsilon"])
        self.assertIn("replace_one or zero_out", self.refusal("epsilon", *common[:4], *fixed))
        for wrong, told in ((["--sampler", "shufle"], "shuffle"), (["--sampler", "full_batch", "--sampling-rate", 0.5], "full batch"),
                            (["--sampler", "shuffle", "--sampling-rate", 0.3], "--dataset-size"),
                            (["--batch-size", 100], "--dataset-size"), (["--batch-size", 100, "--dataset-size", 10], "--batch-size"),
                            (["--sampler", "without_replacement", "--sampling-rate", 0.5], "--batch-size"),
                            (["--sampling-rate", 0.1, "--epochs", 1], "--steps and --epochs")):
            self.assertIn(told, self.refusal("epsilon", *common, *wrong, "--steps", 10), wrong)

    def test_phases_are_added_up_in_order(self):
        phases = ["epsilon", "--sampling-rate", 0.01, "--delta", 1e-5, "--phase", "noise_multiplier=1 steps=100",
                  "--phase", "noise_multiplier=2 steps=50 sampling_rate=0.02"]
        events = ("neighbours: 'add_or_remove_one'\n"
                  "entry { event { poisson_sampled { sampling_rate: 0.01 event { gaussian { noise_multiplier: 1 } } } } count: 100 }\n"
                  "entry { event { poisson_sampled { sampling_rate: 0.02 event { gaussian { noise_multiplier: 2 } } } } count: 50 }\n")
        self.assertEqual(self.answer(*phases)["epsilon"],
                         self.answer("epsilon", "--delta", 1e-5, "--events", "-", stdin=events)["epsilon"])
        self.assertIn("did you mean noise_multiplier", self.refusal(*phases, "--phase", "noise_multiplyer=1"))
        self.assertIn("expected a number", self.refusal(*phases, "--phase", "steps=many"))
        self.assertIn("--noise-multiplier", self.refusal(*phases, "--phase", "steps=5"))

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
        self.assertIn("--events", self.refusal("epsilon", "--delta", 1e-5))
        self.assertIn("--noise-multiplier", self.refusal("epsilon", *schedule()))
        self.assertIn("--steps", self.refusal("epsilon", "--sampling-rate", 0.1, "--noise-multiplier", 1, "--delta", 1e-5))
        self.assertIn("replace_one", self.refusal("epsilon", *schedule(), "--noise-multiplier", 1, "--neighbours", "x"))

    def test_every_number_of_a_schedule_can_be_solved_for(self):
        target = ["--epsilon", 3, "--delta", 1e-5]
        known = {"noise": ["--sampling-rate", 0.01, "--steps", 1000], "steps": ["--sampling-rate", 0.01, "--noise-multiplier", 1],
                 "epochs": ["--sampling-rate", 0.01, "--noise-multiplier", 1],
                 "sampling-rate": ["--noise-multiplier", 1, "--steps", 1000],
                 "batch-size": ["--noise-multiplier", 1, "--steps", 1000, "--dataset-size", 60000]}
        for what, given in known.items():
            answer = self.answer("noise", *target, *given, "--solve", what)
            key = "noise_multiplier" if what == "noise" else what.replace("-", "_")
            flag = "--" + key.replace("_", "-")
            at = lambda value: self.answer("epsilon", *given, flag, repr(value), "--delta", 1e-5)["epsilon"]
            self.assertEqual(at(answer[key]), answer["epsilon"], what)
            self.assertLessEqual(answer["epsilon"], 3)
            step = {"noise": -2e-4, "sampling-rate": 2e-4}.get(what)
            more = answer[key] * (1 + step) if step else answer[key] + 1
            self.assertGreater(at(more), 3, what)
            self.assertIn("is stated, but", self.refusal("noise", *target, *given, "--solve", what, flag, 1))
        answer = self.answer("noise", "--epsilon", 3, *known["noise"], "--noise-multiplier", 1, "--solve", "delta")
        self.assertEqual(answer["delta"],
                         self.answer("delta", "--epsilon", 3, *known["noise"], "--noise-multiplier", 1)["delta"])
        self.assertIn("--solve delta", self.refusal("noise", "--epsilon", 3, *known["noise"]))
        self.assertIn("--steps", self.refusal("noise", *target, "--noise-multiplier", 1, "--epochs", 3, "--solve", "sampling-rate"))
        self.assertIn("single", self.expect(1, "noise", *target, "--sampling-rate", 0.5, "--noise-multiplier", 0.1, "--solve", "steps").stdout)

    def test_noise_counts_what_was_spent_before(self):
        files.write(self.folder, "spent.txtpb", "entry { event { gaussian { noise_multiplier: 5 } } }")
        spent = ["--events", "spent.txtpb", "--neighbours", "add_or_remove_one"]
        target = ["noise", *schedule(0.01, 500), "--epsilon", 2]
        alone = self.answer(*target)["noise_multiplier"]
        after = self.answer(*target, *spent)
        self.assertGreater(after["noise_multiplier"], alone)
        whole = self.answer("epsilon", *schedule(0.01, 500), *spent, "--noise-multiplier", repr(after["noise_multiplier"]))
        self.assertEqual(whole["epsilon"], after["epsilon"])

    def test_groups_cost_more(self):
        one = self.answer("epsilon", *schedule(0.01, 100), "--noise-multiplier", 2)["epsilon"]
        three = self.answer("epsilon", *schedule(0.01, 100), "--noise-multiplier", 2, "--group", 3)
        self.assertGreater(three["epsilon"], one)
        self.assertTrue(any("event by event" in note for note in three["notes"]), three)
        user = self.answer("epsilon", *schedule(0.01, 100), "--noise-multiplier", 2, "--rows-per-user", 3)
        self.assertEqual(user["epsilon"], three["epsilon"])
        converted = self.answer("epsilon", *schedule(0.01, 100), "--noise-multiplier", 2, "--group", 3, "--neighbours", "replace_one")
        self.assertTrue(any("general conversion" in note for note in converted["notes"]), converted)
        self.assertGreater(converted["epsilon"], three["epsilon"])
        self.assertEqual(converted["delta"], 1e-5)
        delta = self.answer("delta", *schedule(0.01, 100)[:4], "--noise-multiplier", 2, "--group", 3, "--neighbours",
                            "replace_one", "--epsilon", converted["epsilon"])
        self.assertLessEqual(delta["delta"], 1.001e-5)
        self.refusal("epsilon", *schedule(), "--noise-multiplier", 2, "--group", 0)
        self.refusal("epsilon", *schedule(), "--noise-multiplier", 2, "--group", 3, "--rows-per-user", 2)


GOOD_EVENTS = """# two kinds
entry { event { gaussian { noise_multiplier: 5 } } count: 3 }
entry {
  event { poisson_sampled { sampling_rate: 0.01 event { gaussian { noise_multiplier: 1 } } } }
  count: 200
}
"""


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


class EventsTest(CommandTest):
    ask = ["epsilon", "--delta", 1e-5, "--events"]
    one = ["--neighbours", "add_or_remove_one"]

    def told(self, text, *more):
        files.write(self.folder, "events.txtpb", text)
        return self.refusal(*self.ask, "events.txtpb", *(more or self.one))

    def test_a_file_and_standard_input_say_the_same(self):
        files.write(self.folder, "events.txtpb", GOOD_EVENTS)
        from_file = self.answer(*self.ask, "events.txtpb", *self.one)
        self.assertEqual(from_file, self.answer(*self.ask, "-", *self.one, stdin=GOOD_EVENTS))
        stated = "neighbours: \"add_or_remove_one\"\n" + GOOD_EVENTS
        self.assertEqual(from_file, self.answer(*self.ask, "-", stdin=stated))

    def test_neighbours_are_spelled_as_in_a_config(self):
        wanted = self.answer(*self.ask, "-", "--neighbours", "replace_one", stdin=GOOD_EVENTS)
        for name in ("REPLACE_ONE", "replace_one", '"REPLACE_ONE"', '"replace_one"', "'Replace_One'"):
            for text in (f"neighbours: {name} {GOOD_EVENTS}", f"# neighbours: zero_out\n{GOOD_EVENTS}\nneighbours:{name}"):
                self.assertEqual(self.answer(*self.ask, "-", stdin=text), wanted, text)
        self.assertEqual(self.answer(*self.ask, "-", "--neighbours", "REPLACE_ONE", stdin=GOOD_EVENTS), wanted)
        for text in ("neighbours: REPLACE", "neighbours:", "neighbours", "neighbours: {", 'neighbours: "', "neighbours: 2"):
            self.assertIn("events.txtpb:1", self.told(text, "--accountant", "pld"), text)
        self.assertIn("zero_out", self.told("neighbours: ZERO " + GOOD_EVENTS, "--accountant", "pld"))
        config = pathlib.Path(self.path(files.write_vector_run(self.folder)))
        text = config.read_text()
        wanted = self.answer("plan", config)
        self.assertIn("ADD_OR_REMOVE_ONE", text)
        for name in ("add_or_remove_one", '"add_or_remove_one"', "'Add_Or_Remove_One'"):
            config.write_text(text.replace("ADD_OR_REMOVE_ONE", name))
            self.assertEqual(self.answer("plan", config), wanted, name)

    def test_a_mistake_is_told_by_file_and_line(self):
        self.assertIn("events.txtpb:4:", self.told(GOOD_EVENTS.replace("sampling_rate", "smapling_rate")))
        self.assertRegex(self.told(GOOD_EVENTS[:-10]), r"events\.txtpb:\d+:\d+: ")
        self.assertIn("events.txtpb:2:", self.told(GOOD_EVENTS.replace("noise_multiplier: 5", "noise_multiplier: -5")))
        self.assertIn("events.txtpb:6:", self.told(GOOD_EVENTS.replace("count: 200", "count: 0")))
        self.assertIn("events.txtpb:6:", self.told(GOOD_EVENTS.replace("0.01", "1.5") + "entry { event { non_private {} } }"))
        self.assertIn("standard input:1", self.refusal(*self.ask, "-", *self.one, stdin=""))
        self.assertIn("events.txtpb:1", self.told("  \n"))
        self.assertIn("--neighbours", self.told(GOOD_EVENTS, "--accountant", "pld"))
        conflict = GOOD_EVENTS + "neighbours: \"replace_one\"\n"
        self.assertIn("events.txtpb:7: ", self.told(conflict))
        self.assertIn("replace_one", self.told(conflict))
        self.told(bytes(range(256)))
        self.told("entry { " * 10000)
        self.assertIn("nothing.txtpb", self.refusal(*self.ask, "nothing.txtpb", *self.one))

    def test_extreme_numbers_are_answered_and_printed_as_they_are(self):
        def told(event, delta, count=1):
            text = f"entry {{ event {{ {event} }} count: {count} }}"
            return self.expect(0, "epsilon", "--delta", delta, "--events", "-", *self.one, stdin=text).stdout
        largest = told("laplace { noise_multiplier: 1 }", 0)
        self.assertIn("epsilon 1 at delta 0", largest.replace("1.0000", "1"))
        self.assertIn("no smaller epsilon than 1", largest)
        self.assertIn("18,446,744,073,709,551,615 x gaussian", told("gaussian { noise_multiplier: 1e12 }", 1e-5, 2**64 - 1))
        failing = told("epsilon_delta { epsilon: 1 delta: 0.1 }", 1e-5)
        self.assertIn("epsilon infinity", failing)
        self.assertIn("no epsilon holds, because the chance that a release tells everything", failing)
        for event in ["laplace { noise_multiplier: 1e300 }", "exponential_mechanism { epsilon: 1e-300 }",
                      "balls_and_bins { bins: 18446744073709551615 event { gaussian { noise_multiplier: 1 } } }"]:
            self.assertIn("epsilon ", told(event, 1e-5))

    def test_what_cannot_be_bounded_is_named(self):
        text = self.told("entry { event { randomized_response { noise_probability: 0.5 categories: 2 } } }")
        self.assertIn("randomized_response", text)
        answer = self.answer(*self.ask, "-", *self.one, stdin="entry { event { non_private {} } }")
        self.assertEqual(answer["epsilon"], "inf")
        huge = "entry { event { gaussian { noise_multiplier: 0.001 } } count: 100 }"
        self.assertGreater(self.answer(*self.ask, "-", *self.one, stdin=huge)["epsilon"], 1e7)


class CurveTest(CommandTest):
    base = ["epsilon", *schedule(0.01, 300), "--noise-multiplier", 1]

    def curve(self, kind, points=5):
        return self.answer(*self.base, "--curve", kind, "--points", points)["curve"]

    def test_delta_falls_over_epsilon(self):
        curve = self.curve("delta")
        self.assertEqual(curve["kind"], "delta")
        self.assertEqual((len(curve["epsilon"]), curve["epsilon"][0]), (5, 0))
        self.assertEqual(curve["delta"], sorted(curve["delta"], reverse=True))
        for upper, lower in zip(curve["delta"], curve["delta_lower"], strict=True):
            self.assertTrue(0 <= lower <= upper)
        middle = self.answer("delta", *schedule(0.01, 300)[:4], "--noise-multiplier", 1, "--epsilon", repr(curve["epsilon"][2]))
        self.assertEqual(curve["delta"][2], middle["delta"])

    def test_epsilon_rises_over_steps(self):
        curve = self.curve("steps")
        self.assertEqual(curve["steps"], [0, 75, 150, 225, 300])
        self.assertEqual(curve["epsilon"], sorted(curve["epsilon"]))
        for steps, epsilon in zip(curve["steps"], curve["epsilon"], strict=True):
            self.assertEqual(epsilon, self.answer("epsilon", *schedule(0.01, steps), "--noise-multiplier", 1)["epsilon"])

    def test_the_trade_off_is_that_of_a_gaussian(self):
        answer = self.answer("epsilon", *schedule(1, 1), "--noise-multiplier", 1, "--accountant", "gdp", "--curve", "tradeoff",
                             "--points", 5)
        normal = statistics.NormalDist()
        for alpha, found in zip(answer["curve"]["false_positive_rate"], answer["curve"]["false_negative_rate"], strict=True):
            exact = 0 if alpha == 1 else 1 if alpha == 0 else normal.cdf(normal.inv_cdf(1 - alpha) - 1)
            self.assertLessEqual(found, exact + 1e-12)
            self.assertAlmostEqual(found, exact, delta=1e-6)

    def test_the_table_has_a_line_for_each_point(self):
        text = self.expect(0, *self.base, "--curve", "steps", "--points", 4).stdout
        self.assertEqual([line.split()[0] for line in text.split("\n\n")[1].splitlines()], ["steps", "0", "100", "200", "300"])
        self.assertIn("infinite", self.refusal("epsilon", *schedule(), "--noise-multiplier", 0, "--curve", "delta"))
        self.refusal(*self.base, "--curve", "circle")

    def test_a_plot_is_xml_with_named_axes_and_lines(self):
        self.expect(0, *self.base, "--points", 6, "--svg", "three.svg")
        self.expect(0, *self.base, "--points", 6, "--curve", "delta", "--svg", "one.svg")
        for name, plots in (("three.svg", 3), ("one.svg", 1)):
            root = xml.etree.ElementTree.parse(self.path(name)).getroot()
            space = "{http://www.w3.org/2000/svg}"
            self.assertEqual(root.tag, space + "svg")
            self.assertEqual(len(root.findall(space + "g")), plots)
            self.assertEqual(len(list(root.iter(space + "polyline"))), 2 * plots)
            texts = {element.text for element in root.iter(space + "text")}
            self.assertTrue({"epsilon", "delta", "may be claimed", "no smaller one holds"} <= texts, texts)
            for line in root.iter(space + "polyline"):
                self.assertNotRegex(line.get("points"), "nan|inf")
        self.assertIn("no_folder", self.refusal(*self.base, "--curve", "delta", "--svg", "no_folder/a.svg"))
        self.assertEqual(sorted(os.listdir(self.folder)), ["one.svg", "three.svg"])


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
        files.write(self.folder, "events.txtpb", "\ufeff" + GOOD_EVENTS)
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
