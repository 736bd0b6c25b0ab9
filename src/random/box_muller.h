#pragma once

#include <cstddef>
#include <cstdint>

namespace dpml {

/// -2 log((word + 1/2) / 2^64), relative error below 1e-15; word + 1/2 is rounded to double first.
double minus_two_log(std::uint64_t word);

/// Cosine and sine of the angle 2 pi (quarter + t) / 4, relative error below 1e-15, where quarter is the number in the
/// top 2 bits of the word and t in (-1/2, 1/2) an odd multiple of 2^-52 made from its next 51 bits.
struct CosineSine {
  double cosine;
  double sine;
};
CosineSine cosine_sine(std::uint64_t word);

/// Turns `count` words into as many independent standard normals; count is a multiple of 64. Of each 64 words, the
/// first half are radii and the second half angles; of the normals, the first half are cosines and the second sines.
void box_muller(const std::uint64_t* words, double* normals, std::size_t count);

}  // namespace dpml
