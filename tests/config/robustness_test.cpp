#include <gtest/gtest.h>

#include <random>

#include "base/expect_error.h"
#include "config/small_config.h"

namespace dpml {
namespace {

// Whatever the bytes, the answer is an experiment or a ConfigError; anything else fails the test. Fixed keys, so every
// run makes the same texts; there is nothing random about the outcome.

void read_anything(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    const Experiment experiment = parse(text, overrides);
    EXPECT_EQ(parse(experiment.text).text, experiment.text) << text;
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()), "");
  }
}

TEST(Robustness, SurvivesBytesThatChanged) {
  std::mt19937 random(1);
  for (int round = 0; round < 4000; ++round) {
    std::string text = kSmallConfig;
    for (unsigned change = 0; change <= random() % 3; ++change) {
      text[random() % text.size()] = static_cast<char>(random() % 256);
    }
    read_anything(text);
  }
}

TEST(Robustness, SurvivesTextThatIsCutOrDoubled) {
  for (std::size_t length = 0; length <= kSmallConfig.size(); ++length) read_anything(kSmallConfig.substr(0, length));
  read_anything(kSmallConfig + kSmallConfig);
}

TEST(Robustness, SurvivesWordsInTheWrongPlaces) {
  const std::vector<std::string> words = {"{",
                                          "}",
                                          "[",
                                          "]",
                                          ",",
                                          ":",
                                          "-",
                                          "inf",
                                          "nan",
                                          "1e999",
                                          "\"\"",
                                          "'",
                                          "9223372036854775807",
                                          "-9223372036854775808",
                                          "99999999999999999999999",
                                          "layer",
                                          "linear",
                                          "residual",
                                          "0",
                                          "2147483648",
                                          "0x10",
                                          "1f",
                                          "#",
                                          "<",
                                          ">"};
  std::mt19937 random(2);
  for (int round = 0; round < 4000; ++round) {
    std::string text = kSmallConfig;
    for (unsigned change = 0; change <= random() % 4; ++change) {
      const std::size_t place = text.find_first_of(" \n", random() % text.size());
      text.insert(place == std::string::npos ? 0 : place, " " + words[random() % words.size()] + " ");
    }
    read_anything(text);
    read_anything(kSmallConfig, {text.substr(random() % text.size(), 30)});
  }
}

TEST(Robustness, SurvivesNumbersOfAnySize) {
  for (const char* field : {"epochs: 2", "expected_batch_size: 100", "public_size: 9300", "classes: 10", "delta: 1e-5",
                            "out_channels: 4", "kernel: 3", "out: 10", "learning_rate: 0.5", "clip_bound: 1"}) {
    const std::string name = std::string(field).substr(0, std::string(field).find(':'));
    for (const char* value : {"0", "-1", "1", "2147483648", "1125899906842624", "9223372036854775807", "1e-308",
                              "1e308", "1e-400", "1e400", "inf", "-inf", "nan", "-nan", "-0", "5e-324"}) {
      read_anything(with(field, name + ": " + value));
    }
  }
}

TEST(Robustness, RefusesBlocksWithoutEnd) {
  std::string deep;
  for (int i = 0; i < 30000; ++i) deep += "model { layer { sequential { ";
  EXPECT_NE(problems_of(deep).find("c.txtpb:1: blocks lie more than 100 deep"), std::string::npos);
}

TEST(Robustness, RefusesWhatIsTooLongAndTellsWhatCanBeRead) {
  EXPECT_NE(problems_of(std::string(kLongestConfig + 1, ' ')).find("longer than 1.0 MiB"), std::string::npos);
  std::string blocks;
  for (int i = 0; i < 15000; ++i)
    blocks += "layer { residual { body { layer { tanh {} } } } }\n";  // grows when written out
  EXPECT_NE(
      problems_of(with("layer { flatten {} }", blocks + "layer { flatten {} }")).find("longer than 2.0 MiB with all"),
      std::string::npos);
  std::string wrong;
  for (int i = 0; i < 50000; ++i) wrong += "x: 1\n";
  const std::string problems = problems_of(kSmallConfig + wrong);
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 200);
  EXPECT_NE(problems.find("\n49,800 more problems"), std::string::npos);
}

TEST(Robustness, OfStoredConfigsAsWell) {
  expect_error<ConfigError>("longer than 2.0 MiB",
                            [] { parse_stored_config(std::string(3 << 20, ' '), "model.h5", 2); });
}

}  // namespace
}  // namespace dpml
