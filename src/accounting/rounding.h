#pragma once

#include <cmath>
#include <limits>

namespace dpml {

// Directed rounding of one operation: exact results stay as they are, so a single event costs exactly what it says.
// Correct for finite numbers whose result neither overflows nor is below 1e-290.

inline double add_up(double a, double b) {
  const double sum = a + b;
  if (!std::isfinite(sum)) return sum;
  const double part = sum - a;
  const double error = (a - (sum - part)) + (b - part);
  return error > 0 ? std::nextafter(sum, std::numeric_limits<double>::infinity()) : sum;
}

inline double add_down(double a, double b) {
  return -add_up(-a, -b);
}

inline double multiply_up(double a, double b) {
  const double product = a * b;
  if (!std::isfinite(product)) return product;
  return std::fma(a, b, -product) > 0 ? std::nextafter(product, std::numeric_limits<double>::infinity()) : product;
}

inline double multiply_down(double a, double b) {
  return -multiply_up(-a, b);
}

}  // namespace dpml
