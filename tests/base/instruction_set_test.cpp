#include "dpml/base/instruction_set.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "dpml/base/vectorised.h"

namespace dpml {
namespace {

TEST(InstructionSet, IsTheOneThatTheEnvironmentNames) {
  const char* wish = std::getenv("DPML_INSTRUCTIONS");
  if (wish == nullptr || *wish == '\0') GTEST_SKIP() << "DPML_INSTRUCTIONS is not set";
  const std::string word = wish;
  EXPECT_EQ(instruction_set(), word == "avx512" ? InstructionSet::avx512
                               : word == "avx2" ? InstructionSet::avx2
                                                : InstructionSet::plain);
}

// Products and sums that a fused multiply-add would round otherwise: a compiler that contracts breaks the equality of
// bits between processors.
TEST(Vectorised, LoopsKeepTheBitsOfPlainOnes) {
  constexpr std::size_t kCount = 1003;
  std::mt19937 bits(1);
  std::uniform_real_distribution<float> number(-1, 1);
  std::vector<float> a(kCount), b(kCount), c(kCount), got(kCount);
  for (std::size_t i = 0; i < kCount; ++i) {
    a[i] = number(bits);
    b[i] = number(bits);
    c[i] = -a[i] * b[i];
  }
  vectorised([&] {
    for (std::size_t i = 0; i < kCount; ++i) got[i] = std::sqrt(std::abs(a[i] * b[i] + c[i])) / b[i];
  });
  for (std::size_t i = 0; i < kCount; ++i) EXPECT_EQ(got[i], 0) << "a product was not rounded before the sum";
}

}  // namespace
}  // namespace dpml
