#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>

#include "dpml/tensor/shape.h"

namespace dpml {

/// What every single number of a tensor must be; a closed set, so that a check knows all there is to check.

/// Anything, also NaN and infinity.
struct AnyNumber {
  bool operator==(const AnyNumber&) const = default;
};
struct FiniteNumber {
  bool operator==(const FiniteNumber&) const = default;
};
/// 0, 1, ..., below - 1, and `or_else`: class labels, indices of a vocabulary, 0 or 1.
struct WholeNumber {
  Index below = 0;
  std::optional<Index> or_else = std::nullopt;  ///< one more that is allowed: the label that a loss ignores
  bool operator==(const WholeNumber&) const = default;
};

using NumberRule = std::variant<AnyNumber, FiniteNumber, WholeNumber>;

/// Place of the first number that breaks the rule; absent when all keep it.
std::optional<Index> first_breach(const NumberRule& rule, std::span<const float> numbers);

/// The rule that is kept by what keeps both.
NumberRule both(const NumberRule& a, const NumberRule& b);

/// "any number", "a finite number (float32, up to 3.4e38)", "0 or 1", "a whole number from 0 to 49".
std::string to_text(const NumberRule& rule);

bool all_finite(std::span<const float> numbers);

}  // namespace dpml
