#include "dpml/base/digest.h"

#include <gtest/gtest.h>

namespace dpml {
namespace {

// Expected values: Python's hashlib.sha256 over each part's length (8 bytes, lowest first) and its bytes.
TEST(Digest, EqualsSha256OfLengthsAndParts) {
  EXPECT_EQ(Digest().hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Digest().add("abc").hex(), "ce91dc5eec0139adf091900d225971d6ad246a845bad791b5693a9d0d55dd391");
  EXPECT_EQ(Digest().add("dpml").add(0.1).add((std::uint64_t{1} << 63) + 1).hex(),
            "a1cc0ee3969bad9a2cd99d69da90378739854bed7d6380ff1e60793d37d03660");
}

TEST(Digest, TellsWhereOnePartEnds) {
  EXPECT_NE(Digest().add("ab").add("c").hex(), Digest().add("a").add("bc").hex());
  EXPECT_NE(Digest().add("").add("a").hex(), Digest().add("a").add("").hex());
  EXPECT_NE(Digest().hex(), Digest().add("").hex());
}

TEST(Digest, TellsNumbersApartByTheirBits) {
  EXPECT_NE(Digest().add(0.0).hex(), Digest().add(-0.0).hex());
  EXPECT_NE(Digest().add(1.0).hex(), Digest().add(std::uint64_t{1}).hex());
  EXPECT_EQ(Digest().add(0.25).hex(), Digest().add(0.25).hex());
}

TEST(Digest, SurvivesBeingMoved) {
  Digest first;
  first.add("abc");
  Digest second = std::move(first);
  EXPECT_EQ(second.hex(), Digest().add("abc").hex());
}

}  // namespace
}  // namespace dpml
