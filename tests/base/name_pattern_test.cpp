#include "dpml/base/name_pattern.h"

#include <gtest/gtest.h>

namespace dpml {
namespace {

TEST(NamePattern, FitsWholeNames) {
  EXPECT_EQ(match_name("head.weight", "head.weight"), "");
  EXPECT_FALSE(match_name("head.weight", "head.weights"));
  EXPECT_EQ(match_name("*", ""), "");
  EXPECT_EQ(match_name("*", "a.b"), "a.b");
  EXPECT_EQ(match_name("head.*", "head.0.bias"), "0.bias");
  EXPECT_EQ(match_name("head.*", "head."), "");
  EXPECT_FALSE(match_name("head.*", "ahead.0"));
  EXPECT_EQ(match_name("*.weight", "a.weight"), "a");
  EXPECT_EQ(match_name("a*b", "ab"), "");
  EXPECT_FALSE(match_name("aba*aba", "ababa")) << "no letter stands for two";
  EXPECT_FALSE(match_name("a?", "ab")) << "only * is special";
}

TEST(NamePattern, SaysWhatIsWrong) {
  EXPECT_EQ(problem_of_pattern("a.*.b"), "");
  EXPECT_NE(problem_of_pattern("").find("is empty"), std::string::npos);
  EXPECT_NE(problem_of_pattern("*.*").find("more than one *"), std::string::npos);
  EXPECT_EQ(problem_of_target({"a.*", "*"}), "");
  EXPECT_EQ(problem_of_target({"a.*", "b"}), "");
  EXPECT_NE(problem_of_target({"a", "*"}).find("from has none"), std::string::npos);
}

TEST(NameRule, TheFirstThatFitsDecides) {
  const std::vector<NameRule> rules{{"body.norm.*", "1.*"}, {"body.*", "0.*"}, {"last", "2.bias"}};
  const auto as_renamed = [&](std::string_view name) {
    const auto rule = rule_for(name, rules);
    return rule ? renamed(name, rules[*rule]) : std::string(name);
  };
  EXPECT_EQ(as_renamed("body.norm.weight"), "1.weight");
  EXPECT_EQ(as_renamed("body.weight"), "0.weight");
  EXPECT_EQ(as_renamed("last"), "2.bias");
  EXPECT_EQ(as_renamed("other"), "other");
  EXPECT_EQ(renamed("a.b.c", {"a.*.c", "x"}), "x");
}

}  // namespace
}  // namespace dpml
