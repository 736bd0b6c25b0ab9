#pragma once

// What layers that look up rows of a weight have in common.

#include <optional>
#include <string>

#include "dpml/autograd/parameter.h"
#include "dpml/layers/option_problem.h"
#include "dpml/random/rng.h"
#include "dpml/tensor/number_rule.h"

namespace dpml {

/// A weight [vocabulary, features], of which one row may mean nothing.
struct Vocabulary {
  Index vocabulary = 0;
  Index features = 0;
  std::optional<Index> padding_idx;
  double initial_std = 1;

  std::optional<OptionProblem> problem() const;
  NumberRule rule() const { return WholeNumber{vocabulary}; }
  bool pads(float index) const { return padding_idx && index == static_cast<float>(*padding_idx); }

  /// Throws ConfigError when there is a problem. Normals of that deviation.
  Tensor initial_weight(const std::string& type, Rng& init) const;
  /// The row of the padding index becomes 0 and stays so.
  void keep_padding_zero(Parameter& weight) const;
  /// Throws Error when x holds anything but whole numbers in [0, vocabulary).
  void require_indices(const std::string& place, const Tensor& x) const;
};

}  // namespace dpml
