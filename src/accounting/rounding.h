#pragma once

#include <cmath>
#include <cstdint>
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

/// A whole number as a double, exact to 2^53.
inline double count_up(std::uint64_t count) {
  const auto rounded = static_cast<double>(count);
  return count < (std::uint64_t{1} << 53) ? rounded : std::nextafter(rounded, 0x1p65);
}

/// b > 0.
inline double divide_up(double a, double b) {
  const double quotient = a / b;
  if (!std::isfinite(quotient)) return quotient;
  return std::fma(-quotient, b, a) > 0 ? std::nextafter(quotient, std::numeric_limits<double>::infinity()) : quotient;
}

inline double divide_down(double a, double b) {
  return -divide_up(-a, b);
}

}  // namespace dpml
