#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dpml/random/key.h"

namespace dpml {

/// Normals are made in blocks of this many.
inline constexpr std::uint64_t kGaussianBlock = 64;

/// Numbers [first, first + out.size()) of the sequence of independent standard normals that belongs to
/// (key, purpose, step, index). It uses the words of the Stream of that name, one for each number.
///
///   first   a multiple of kGaussianBlock, so that pieces made in parallel equal one serial call
///   out     any length
///
/// Box-Muller in double from 63-bit radii: |z| reaches 9.4. The bits of the numbers do not depend on compiler or
/// processor. Throws PrivacyError as Stream does.
void fill_gaussian(const Key& key, Purpose purpose, std::uint64_t step, std::uint64_t index, std::uint64_t first,
                   std::span<double> out);

}  // namespace dpml
