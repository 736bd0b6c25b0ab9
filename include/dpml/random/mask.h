#pragma once

#include <cstdint>

namespace dpml {

/// A 64-bit word that looks random in every bit, a pure function of its arguments; cheap enough for one call per
/// number of a dropout mask. Not cryptographic: for masks only, never for noise or for choosing samples.
constexpr std::uint64_t mix(std::uint64_t key, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  // The finaliser of SplitMix64 (Steele, Lea, Flood 2014), once per word, so that fixed words leave a loop.
  const auto scatter = [](std::uint64_t word) {
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9ULL;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebULL;
    return word ^ (word >> 31);
  };
  constexpr std::uint64_t kStride = 0x9e3779b97f4a7c15ULL;  // odd, so that no two values of a word meet
  std::uint64_t state = scatter(key + kStride * (a + 1));
  state = scatter(state + kStride * (b + 1));
  return scatter(state + kStride * (c + 1));
}

}  // namespace dpml
