#include "dpml/random/key.h"

#include <gtest/gtest.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <new>

#include "dpml/base/error.h"
#include "dpml/random/stream.h"

namespace dpml {
namespace {

std::uint64_t first_word(const Key& key) {
  return Stream(key, Purpose::noise, 0, 0).next_u64();
}

TEST(Key, FromASeedRepeats) {
  EXPECT_EQ(first_word(Key::from_seed(7)), first_word(Key::from_seed(7)));
  EXPECT_NE(first_word(Key::from_seed(7)), first_word(Key::from_seed(8)));
  EXPECT_NE(first_word(Key::from_seed(0)), first_word(Key::from_seed(std::uint64_t{1} << 63)));
}

// False alarm: 2^-64.
TEST(Key, FromTheOperatingSystemNeverRepeats) {
  EXPECT_NE(first_word(Key::secure()), first_word(Key::secure()));
}

TEST(Key, KnowsWhetherItIsSecure) {
  EXPECT_TRUE(Key::secure().is_secure());
  EXPECT_FALSE(Key::from_seed(1).is_secure());
  EXPECT_FALSE(Key::from_bytes({}).is_secure());
  const Key copy = Key::secure();
  EXPECT_TRUE(Key(copy).is_secure());
}

TEST(Key, GivesCopiesTheSameStreams) {
  const Key key = Key::secure();
  const Key copy = key;
  EXPECT_EQ(first_word(key), first_word(copy));
}

TEST(Key, WipesItsMemoryWhenItEnds) {
  std::array<unsigned char, 32> bytes;
  bytes.fill(0xab);
  alignas(Key) std::array<unsigned char, sizeof(Key)> memory{};
  auto* const key = new (memory.data()) Key(Key::from_bytes(bytes));
  const auto marked = [&] { return std::count(memory.begin(), memory.end(), 0xab); };
  ASSERT_EQ(marked(), 32);
  key->~Key();
  EXPECT_EQ(marked(), 0);
}

// In a process of its own, whose OpenSSL is told to use a generator that does not exist.
TEST(KeyDeathTest, RefusesToBeSecureWithoutEntropy) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        RAND_set_DRBG_type(nullptr, "no such generator", nullptr, nullptr, nullptr);
        try {
          Key::secure();
        } catch (const PrivacyError& error) {
          std::exit(std::strstr(error.what(), "no entropy for a secure key") != nullptr ? 0 : 2);
        }
        std::exit(1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace dpml
