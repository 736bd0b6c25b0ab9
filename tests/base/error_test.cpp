#include "dpml/base/error.h"

#include <gtest/gtest.h>

#include "base/expect_error.h"

namespace dpml {
namespace {

TEST(Error, OfEveryKindIsCaughtByItsFamily) {
  EXPECT_THROW(throw ShapeError("s"), Error);
  EXPECT_THROW(throw ConfigError("s"), Error);
  EXPECT_THROW(throw FileError("s"), Error);
  EXPECT_THROW(throw SampleMixingError("s"), PrivacyError);
  EXPECT_THROW(throw InternalError("s"), Error);
  EXPECT_THROW(throw Error("s"), std::runtime_error);
}

TEST(Assertion, NamesConditionAndPlaceWhenItFails) {
  expect_error<InternalError>("1 == 2 does not hold at ", [] { DPML_ASSERT(1 == 2); });
  expect_error<InternalError>("error_test.cpp:", [] { DPML_ASSERT(1 == 2); });
}

TEST(Assertion, EvaluatesItsConditionOnce) {
  int evaluated = 0;
  DPML_ASSERT(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

}  // namespace
}  // namespace dpml
