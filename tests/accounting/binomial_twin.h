#pragma once

#include <cmath>

namespace dpml {

/// The exact delta at `epsilon` of k mechanisms that are (each, 0)-differentially private (Kairouz, Oh and Viswanath
/// 2015): the sum over how many of k answers of randomised response were the likely one.
inline double delta_of_two_answers(int k, long double each, long double epsilon) {
  const long double likely = 1 / (1 + std::exp(-each));
  long double sum = 0;
  for (int j = 0; j <= k; ++j) {
    const long double loss = (2 * j - k) * each;
    if (loss <= epsilon) continue;
    const long double ways = std::lgamma(k + 1.0L) - std::lgamma(j + 1.0L) - std::lgamma(k - j + 1.0L);
    const long double mass = std::exp(ways + j * std::log(likely) + (k - j) * std::log(1 - likely));
    sum += mass * -std::expm1(epsilon - loss);
  }
  return static_cast<double>(sum);
}

}  // namespace dpml
