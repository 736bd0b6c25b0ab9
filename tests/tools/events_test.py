"""dpml epsilon about a file of events. Needs the binary in $DPML."""

import pathlib
import unittest

import example_files as files
from command import CommandTest


class EventsTest(CommandTest):
    ask = ["epsilon", "--delta", 1e-5, "--events"]
    one = ["--neighbours", "add_or_remove_one"]

    def told(self, text, *more):
        files.write(self.folder, "events.txtpb", text)
        return self.refusal(*self.ask, "events.txtpb", *(more or self.one))

    def test_a_file_and_standard_input_say_the_same(self):
        files.write(self.folder, "events.txtpb", files.EVENTS)
        from_file = self.answer(*self.ask, "events.txtpb", *self.one)
        self.assertEqual(from_file, self.answer(*self.ask, "-", *self.one, stdin=files.EVENTS))
        stated = "neighbours: \"add_or_remove_one\"\n" + files.EVENTS
        self.assertEqual(from_file, self.answer(*self.ask, "-", stdin=stated))

    def test_neighbours_are_spelled_as_in_a_config(self):
        wanted = self.answer(*self.ask, "-", "--neighbours", "replace_one", stdin=files.EVENTS)
        for name in ("REPLACE_ONE", "replace_one", '"REPLACE_ONE"', '"replace_one"', "'Replace_One'"):
            for text in (f"neighbours: {name} {files.EVENTS}", f"# neighbours: zero_out\n{files.EVENTS}\nneighbours:{name}"):
                self.assertEqual(self.answer(*self.ask, "-", stdin=text), wanted, text)
        self.assertEqual(self.answer(*self.ask, "-", "--neighbours", "REPLACE_ONE", stdin=files.EVENTS), wanted)
        for text in ("neighbours: REPLACE", "neighbours:", "neighbours", "neighbours: {", 'neighbours: "', "neighbours: 2"):
            self.assertIn("events.txtpb:1", self.told(text, "--accountant", "pld"), text)
        self.assertIn("zero_out", self.told("neighbours: ZERO " + files.EVENTS, "--accountant", "pld"))
        config = pathlib.Path(self.path(files.write_vector_run(self.folder)))
        text = config.read_text()
        wanted = self.answer("plan", config)
        self.assertIn("ADD_OR_REMOVE_ONE", text)
        for name in ("add_or_remove_one", '"add_or_remove_one"', "'Add_Or_Remove_One'"):
            config.write_text(text.replace("ADD_OR_REMOVE_ONE", name))
            self.assertEqual(self.answer("plan", config), wanted, name)

    def test_a_mistake_is_told_by_file_and_line(self):
        self.assertIn("events.txtpb:4:", self.told(files.EVENTS.replace("sampling_rate", "smapling_rate")))
        self.assertRegex(self.told(files.EVENTS[:-10]), r"events\.txtpb:\d+:\d+: ")
        self.assertIn("events.txtpb:2:", self.told(files.EVENTS.replace("noise_multiplier: 5", "noise_multiplier: -5")))
        self.assertIn("events.txtpb:6:", self.told(files.EVENTS.replace("count: 200", "count: 0")))
        self.assertIn("events.txtpb:6:", self.told(files.EVENTS.replace("0.01", "1.5") + "entry { event { non_private {} } }"))
        self.assertIn("standard input:1", self.refusal(*self.ask, "-", *self.one, stdin=""))
        self.assertIn("events.txtpb:1", self.told("  \n"))
        self.assertIn("--neighbours", self.told(files.EVENTS, "--accountant", "pld"))
        conflict = files.EVENTS + "neighbours: \"replace_one\"\n"
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


if __name__ == "__main__":
    unittest.main()
