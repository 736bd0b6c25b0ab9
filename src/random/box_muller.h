#pragma once

#include <cstddef>
#include <cstdint>

namespace dpml {

/// -2 log(x / 2^64) with relative error below 1e-15, where x is the word with its last bit set (so that it is never
/// 0), rounded to double.
double minus_two_log(std::uint64_t word);

/// Cosine and sine of a quarter turn times (q + t), each with relative error below 1e-15: q is the number in the
/// word's top 2 bits; t, in (-1/2, 1/2), is (2 n + 1) / 2^52 - 1/2 with n the number in its next 51 bits.
struct CosineSine {
  double cosine;
  double sine;
};
CosineSine cosine_sine(std::uint64_t word);

/// Turns `count` words into as many independent standard normals; count is a multiple of 64. Of each 64 words, the
/// first half are radii and the second half angles; of the normals, the first half are cosines and the second sines.
void box_muller(const std::uint64_t* words, double* normals, std::size_t count);

}  // namespace dpml
