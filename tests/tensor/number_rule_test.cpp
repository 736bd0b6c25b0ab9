#include "dpml/tensor/number_rule.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace dpml {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::optional<Index> breach(const NumberRule& rule, const std::vector<float>& numbers) {
  return first_breach(rule, numbers);
}

TEST(NumberRule, FindsTheFirstNumberThatBreaksIt) {
  EXPECT_EQ(breach(AnyNumber{}, {kNaN, kInfinity}), std::nullopt);
  EXPECT_EQ(breach(FiniteNumber{}, {3.4e38F, -1e-45F}), std::nullopt);
  EXPECT_EQ(breach(FiniteNumber{}, {1, kNaN, kInfinity}), 1);
  EXPECT_EQ(breach(FiniteNumber{}, {1, 2, -kInfinity}), 2);
  EXPECT_EQ(breach(WholeNumber{3}, {0, 2, 1, -0.0F}), std::nullopt);
  for (const float wrong : {3.0F, -1.0F, 0.5F, kNaN, kInfinity, -kInfinity, 1e-45F}) {
    EXPECT_EQ(breach(WholeNumber{3}, {0, wrong, 7}), 1) << wrong;
  }
  EXPECT_EQ(breach(WholeNumber{3}, {}), std::nullopt);
}

TEST(NumberRule, OfBothIsTheStricterOne) {
  const std::vector<NumberRule> from_loose_to_strict{AnyNumber{}, FiniteNumber{}, WholeNumber{9}, WholeNumber{4}};
  for (std::size_t i = 0; i < from_loose_to_strict.size(); ++i) {
    for (std::size_t j = 0; j < from_loose_to_strict.size(); ++j) {
      EXPECT_EQ(both(from_loose_to_strict[i], from_loose_to_strict[j]), from_loose_to_strict[std::max(i, j)]);
    }
  }
}

TEST(NumberRule, IsToldInWords) {
  EXPECT_EQ(to_text(NumberRule(AnyNumber{})), "any number");
  EXPECT_EQ(to_text(NumberRule(FiniteNumber{})), "a finite number (float32, up to 3.4e38)");
  EXPECT_EQ(to_text(NumberRule(WholeNumber{2})), "0 or 1");
  EXPECT_EQ(to_text(NumberRule(WholeNumber{50})), "a whole number from 0 to 49");
}

TEST(AllFinite, SeesEveryPlace) {
  for (const std::size_t size : {1U, 2U, 15U, 16U, 17U, 100U}) {
    std::vector<float> numbers(size, -3.4e38F);
    EXPECT_TRUE(all_finite(numbers));
    for (std::size_t place = 0; place < size; ++place) {
      for (const float wrong : {kNaN, -kNaN, kInfinity, -kInfinity}) {
        numbers[place] = wrong;
        EXPECT_FALSE(all_finite(numbers)) << place << " of " << size;
      }
      numbers[place] = 0;
    }
  }
  EXPECT_TRUE(all_finite({}));
}

}  // namespace
}  // namespace dpml
