#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dpml/random/stream.h"

namespace dpml {

/// One number after another from the stream of (key, purpose, step, index), for what is drawn in small amounts:
/// initial weights, shuffles. Same arguments and same calls, same numbers.
class Rng {
 public:
  Rng(const Key& key, Purpose purpose, std::uint64_t step = 0, std::uint64_t index = 0);

  double uniform();                         ///< in [0, 1)
  double uniform(double low, double high);  ///< in [low, high]; low <= high
  double gaussian();                        ///< mean 0, variance 1
  /// In [0, count), every value equally likely. Throws InternalError when count is 0.
  std::uint64_t below(std::uint64_t count);

 private:
  Stream stream_;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace dpml
