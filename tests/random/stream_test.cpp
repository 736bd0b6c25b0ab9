#include "dpml/random/stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/expect_error.h"
#include "dpml/base/error.h"

namespace dpml {
namespace {

std::vector<std::uint64_t> words(const Key& key, Purpose purpose, std::uint64_t step, std::uint64_t index,
                                 std::size_t count, std::uint64_t position = 0) {
  Stream stream(key, purpose, step, index);
  stream.skip_to(position);
  std::vector<std::uint64_t> result(count);
  stream.fill(result);
  return result;
}

// NIST SP 800-38A, F.5.5 CTR-AES256.Encrypt: key, counter block f0f1...ff, four blocks of plain and of cipher text.
constexpr std::array<unsigned char, 32> kNistKey = {0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73, 0xae,
                                                    0xf0, 0x85, 0x7d, 0x77, 0x81, 0x1f, 0x35, 0x2c, 0x07, 0x3b, 0x61,
                                                    0x08, 0xd7, 0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4};
constexpr std::array<unsigned char, 64> kNistPlain = {
    0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a,
    0xae, 0x2d, 0x8a, 0x57, 0x1e, 0x03, 0xac, 0x9c, 0x9e, 0xb7, 0x6f, 0xac, 0x45, 0xaf, 0x8e, 0x51,
    0x30, 0xc8, 0x1c, 0x46, 0xa3, 0x5c, 0xe4, 0x11, 0xe5, 0xfb, 0xc1, 0x19, 0x1a, 0x0a, 0x52, 0xef,
    0xf6, 0x9f, 0x24, 0x45, 0xdf, 0x4f, 0x9b, 0x17, 0xad, 0x2b, 0x41, 0x7b, 0xe6, 0x6c, 0x37, 0x10};
constexpr std::array<unsigned char, 64> kNistCipher = {
    0x60, 0x1e, 0xc3, 0x13, 0x77, 0x57, 0x89, 0xa5, 0xb7, 0xa7, 0xf5, 0x04, 0xbb, 0xf3, 0xd2, 0x28,
    0xf4, 0x43, 0xe3, 0xca, 0x4d, 0x62, 0xb5, 0x9a, 0xca, 0x84, 0xe9, 0x90, 0xca, 0xca, 0xf5, 0xc5,
    0x2b, 0x09, 0x30, 0xda, 0xa2, 0x3d, 0xe9, 0x4c, 0xe8, 0x70, 0x17, 0xba, 0x2d, 0x84, 0x98, 0x8d,
    0xdf, 0xc9, 0xc5, 0x8d, 0xb6, 0x7a, 0xad, 0xa6, 0x13, 0xc2, 0xdd, 0x08, 0x45, 0x79, 0x41, 0xa6};

TEST(Stream, IsAes256InCounterMode) {
  // The counter block f0 | f1f2f3f4 | f5...fa | fb...ff is purpose, index, step and position in pairs of words.
  const std::vector<std::uint64_t> stream =
      words(Key::from_bytes(kNistKey), static_cast<Purpose>(0xf0), 0xf5f6f7f8f9fa, 0xf1f2f3f4, 8, 2 * 0xfbfcfdfeffULL);
  std::array<unsigned char, 64> bytes{};
  std::memcpy(bytes.data(), stream.data(), bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) ASSERT_EQ(bytes[i] ^ kNistPlain[i], kNistCipher[i]) << "byte " << i;
}

TEST(Stream, RepeatsForEqualArguments) {
  const Key key = Key::from_seed(1);
  EXPECT_EQ(words(key, Purpose::noise, 3, 4, 1000), words(key, Purpose::noise, 3, 4, 1000));
}

// Words of 64 bits: that two of 45,000 agree by chance has probability 6e-11.
TEST(Stream, SharesNoWordWithAStreamOfAnotherPurposeStepOrIndex) {
  const Key key = Key::from_seed(2);
  std::vector<std::uint64_t> all;
  std::size_t streams = 0;
  for (const Purpose purpose :
       {Purpose::sampling, Purpose::noise, Purpose::initialisation, Purpose::dropout, Purpose::data}) {
    for (const std::uint64_t step : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32, Stream::kSteps - 1}) {
      for (const std::uint64_t index :
           {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{255}, std::uint64_t{256}, Stream::kIndices - 1}) {
        for (const std::uint64_t position : {std::uint64_t{0}, std::uint64_t{1} << 33, Stream::kWords - 150}) {
          const std::vector<std::uint64_t> piece = words(key, purpose, step, index, 150, position);
          all.insert(all.end(), piece.begin(), piece.end());
          ++streams;
        }
      }
    }
  }
  ASSERT_EQ(all.size(), streams * 150);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
}

TEST(Stream, GivesTheSameWordsInPiecesOfAnySize) {
  const Key key = Key::from_seed(3);
  const std::vector<std::uint64_t> whole = words(key, Purpose::data, 0, 0, 3000);
  for (const std::size_t piece : std::initializer_list<std::size_t>{1, 7, 63, 64, 65, 128, 500, 1024}) {
    Stream stream(key, Purpose::data, 0, 0);
    std::vector<std::uint64_t> joined;
    while (joined.size() + piece + 1 < whole.size()) {
      std::vector<std::uint64_t> part(piece);
      stream.fill(part);
      joined.insert(joined.end(), part.begin(), part.end());
      joined.push_back(stream.next_u64());
    }
    EXPECT_TRUE(std::equal(joined.begin(), joined.end(), whole.begin())) << "pieces of " << piece;
  }
}

TEST(Stream, SkipsForwardsAndBackwards) {
  const Key key = Key::from_seed(4);
  const std::vector<std::uint64_t> whole = words(key, Purpose::data, 5, 6, 1000);
  Stream stream(key, Purpose::data, 5, 6);
  for (const std::size_t position : std::initializer_list<std::size_t>{0, 1, 64, 63, 65, 900, 2, 128, 127}) {
    stream.skip_to(position);
    EXPECT_EQ(stream.next_u64(), whole[position]) << "word " << position;
    std::vector<std::uint64_t> rest(whole.size() - position - 1);
    stream.fill(rest);
    EXPECT_TRUE(std::equal(rest.begin(), rest.end(), whole.begin() + static_cast<std::ptrdiff_t>(position) + 1));
  }
}

TEST(Stream, CountsOnBeyond32Bits) {
  const Key key = Key::from_seed(5);
  const std::uint64_t edge = 2 * (std::uint64_t{1} << 32);  // the lowest 32 bits of the counter turn over here
  const std::vector<std::uint64_t> across = words(key, Purpose::data, 0, 0, 200, edge - 100);
  EXPECT_EQ(words(key, Purpose::data, 0, 0, 100, edge), std::vector<std::uint64_t>(across.begin() + 100, across.end()));
}

TEST(Stream, RefusesArgumentsThatWouldRepeatNumbers) {
  const Key key = Key::from_seed(6);
  expect_error<PrivacyError>("step 281474976710656 is not below",
                             [&] { Stream(key, Purpose::noise, Stream::kSteps, 0); });
  expect_error<PrivacyError>("index 4294967296 is not below",
                             [&] { Stream(key, Purpose::noise, 0, Stream::kIndices); });
  Stream stream(key, Purpose::noise, 0, 0);
  expect_error<PrivacyError>("position", [&] { stream.skip_to(Stream::kWords); });
}

TEST(Stream, EndsBeforeTheNextOneBegins) {
  Stream stream(Key::from_seed(7), Purpose::noise, 0, 0);
  stream.skip_to(Stream::kWords - 3);
  std::array<std::uint64_t, 3> last{};
  stream.fill(last);
  expect_error<PrivacyError>("use another index", [&] { stream.next_u64(); });
  std::vector<std::uint64_t> many(1000);
  stream.skip_to(Stream::kWords - 900);
  expect_error<PrivacyError>("use another index", [&] { stream.fill(many); });
}

// 2^18 uniforms in 64 cells: chi-square with 63 degrees of freedom exceeds 140 with probability 9e-8.
TEST(Stream, DrawsUniformly) {
  Stream stream(Key::from_seed(8), Purpose::data, 0, 0);
  constexpr int kDraws = 1 << 18;
  std::array<double, 64> count{};
  for (int i = 0; i < kDraws; ++i) {
    const double u = stream.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    ++count[static_cast<std::size_t>(u * 64)];
  }
  double chi_square = 0;
  for (const double observed : count) chi_square += (observed - kDraws / 64) * (observed - kDraws / 64) / (kDraws / 64);
  EXPECT_LT(chi_square, 140);
}

}  // namespace
}  // namespace dpml
