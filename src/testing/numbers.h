#pragma once

#include <span>

#include "dpml/tensor/tensor.h"

namespace dpml::testing {

/// Row `sample` of a tensor [B, ...].
std::span<const float> row(const Tensor& x, Index sample);

/// Equal bit by bit; NaN equals itself, 0 and -0 differ.
bool same_bits(std::span<const float> a, std::span<const float> b);
bool same_bits(std::span<const double> a, std::span<const double> b);

double length(std::span<const float> a);  ///< Euclidean, in double
double distance(std::span<const float> a, std::span<const float> b);

/// a + b, element by element.
Tensor sum(const Tensor& a, const Tensor& b);

}  // namespace dpml::testing
