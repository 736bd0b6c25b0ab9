"""dpml epsilon --curve and --svg. Needs the binary in $DPML."""

import os
import statistics
import unittest
import xml.etree.ElementTree

from command import CommandTest, schedule


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


if __name__ == "__main__":
    unittest.main()
