"""dpml epsilon, delta and noise about a schedule. Needs the binary in $DPML."""

import decimal
import math
import unittest

import example_files as files
from command import CommandTest, schedule


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


if __name__ == "__main__":
    unittest.main()
