#include <gtest/gtest.h>

#include "config/small_config.h"

namespace dpml {
namespace {

const std::string kWithConstants =
    with("kernel: 3", "kernel: $side", with("out: 10", "out: $classes", with("classes: 10", "classes: $classes"))) +
    "constants { classes: 10 side: 3 }\n";

TEST(Constants, StandForTheirValues) {
  EXPECT_EQ(parse(kWithConstants).text, parse(kSmallConfig).text);
  const std::string in_list =
      with("shape: [8, 8, 1]", "shape: [$side, $side, 1]", kSmallConfig) + "constants { side: 8 }";
  EXPECT_EQ(parse(in_list).text, parse(kSmallConfig).text);
  const std::string text = with("unit: \"one image\"", "unit: $who", kSmallConfig) + "constants { who: \"one image\" }";
  EXPECT_EQ(parse(text).text, parse(kSmallConfig).text);
}

TEST(Constants, AreOverridden) {
  EXPECT_EQ(parse(kWithConstants, {"constants.side=5"}).text, parse(with("kernel: 3", "kernel: 5")).text);
  EXPECT_EQ(problems_of(kWithConstants, {"constants.sid=5"}),
            "--set constants.sid=5: constants.sid: is no constant of the config; known are classes and side");
}

TEST(Constants, OfTextAreOverriddenWithoutQuotes) {
  const std::string text = with("unit: \"one image\"", "unit: $who", kSmallConfig) + "constants { who: \"x\" }";
  EXPECT_EQ(parse(text, {"constants.who=one image"}).text, parse(kSmallConfig).text);
  EXPECT_EQ(parse(text, {"constants.who=\"one image\""}).text, parse(kSmallConfig).text);
  EXPECT_EQ(parse(text, {"constants.who=a \"b\" \\"}).privacy.unit, "a \"b\" \\");
}

TEST(Constants, ThatMeanNothingAreProblems) {
  EXPECT_EQ(problems_of(with("kernel: 3", "kernel: $side")),
            "c.txtpb:16: kernel: $side is no constant of the config; state constants { name: value }");
  EXPECT_EQ(problems_of(kSmallConfig + "constants { a: 1 a: 2 }"),
            "c.txtpb:26: constants.a: is stated twice; leave one out\n"
            "c.txtpb:26: constants.a: is used nowhere; write $a or leave it out");
  EXPECT_EQ(problems_of(with("kernel: 3", "kernel: $a") + "constants { a: [1, 2] }"),
            "c.txtpb:26: constants.a: is no number or text; state one");
  EXPECT_EQ(problems_of(with("kernel: 3", "kernel: $3")),
            "c.txtpb:16: expected the name of a constant after $, got `3`");
  EXPECT_EQ(problems_of(with("kernel: 3", "kernel: -$a") + "constants { a: 3 }"),
            "c.txtpb:16: a minus stands before a constant; let the constant hold it");
  EXPECT_NE(problems_of(kSmallConfig + "constants: 3").find("expected a block, constants { name: value }"),
            std::string::npos);
}

TEST(Constants, StandInNoStoredConfig) {
  EXPECT_THROW(parse_stored_config(kWithConstants, "c.txtpb", 2), ConfigError);
}

}  // namespace
}  // namespace dpml
