#pragma once

// Tests of randomness. Keys are fixed, so a test that passes keeps passing; the false-alarm rates say how likely a
// right program would fail with a key not yet tried.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <vector>

namespace dpml {

/// A standard normal number lies beyond it with probability 5.7e-7.
inline constexpr double kFiveSigma = 5;

inline double mean_of(std::span<const double> x) {
  double sum = 0;
  for (const double value : x) sum += value;
  return sum / static_cast<double>(x.size());
}

/// Around 0.
inline double second_moment_of(std::span<const double> x) {
  double sum = 0;
  for (const double value : x) sum += value * value;
  return sum / static_cast<double>(x.size());
}

/// For independent standard normal numbers nearly standard normal itself, as are the other scores below.
inline double mean_score(std::span<const double> x) {
  return mean_of(x) * std::sqrt(static_cast<double>(x.size()));
}

inline double variance_score(std::span<const double> x) {
  return (second_moment_of(x) - 1) * std::sqrt(static_cast<double>(x.size()) / 2);
}

inline double correlation_score(std::span<const double> x, std::span<const double> y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum / std::sqrt(static_cast<double>(x.size()));
}

/// Largest distance of the empirical distribution from the normal one, times sqrt(n). Above 2.7 with probability
/// 2 exp(-2 * 2.7^2) = 9.3e-7 (Kolmogorov's limit).
inline double kolmogorov_score(std::vector<double> x) {
  std::sort(x.begin(), x.end());
  const auto n = static_cast<double>(x.size());
  double distance = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double below = std::erfc(-x[i] / std::numbers::sqrt2) / 2;
    const auto rank = static_cast<double>(i);
    distance = std::max({distance, below - rank / n, (rank + 1) / n - below});
  }
  return distance * std::sqrt(n);
}

/// What a chi-square number with so many degrees of freedom exceeds with probability 1e-6 (Wilson and Hilferty 1931).
inline double chi_square_limit(double degrees) {
  const double spread = 2 / (9 * degrees);
  return degrees * std::pow(1 - spread + 4.753 * std::sqrt(spread), 3);
}

}  // namespace dpml
