#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace dpml::numerics {

// Directed rounding of one operation: exact results stay as they are, so a single event costs exactly what it says. Of
// finite numbers, what is above the largest double is infinity upwards and the largest double downwards.

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// From 1 to the next double, 2^-52, and half of that: what one operation may be off by, relative to its result.
inline constexpr double kUlp = std::numeric_limits<double>::epsilon();
inline constexpr double kHalfUlp = kUlp / 2;

/// What a formula may be off by, relatively, where its operations and calls of the C library are at most that many.
constexpr double ulps(double many) {
  return many * kUlp;
}

namespace detail {

inline constexpr double kUnderflow = 1e-290;  // the error of a smaller result may be no double

inline double next_above(double value) {
  return value == 0 && std::signbit(value) ? 0 : std::nextafter(value, kInfinity);
}

/// What an operation on a and b gives where that is not finite.
inline double overflow_up(double result, double a, double b) {
  return result == -kInfinity && std::isfinite(a) && std::isfinite(b) ? std::numeric_limits<double>::lowest() : result;
}

}  // namespace detail

inline double add_up(double a, double b) {
  const double sum = a + b;
  if (!std::isfinite(sum)) return detail::overflow_up(sum, a, b);
  const double part = sum - a;
  const double error = (a - (sum - part)) + (b - part);
  return error > 0 ? detail::next_above(sum) : sum;
}

inline double add_down(double a, double b) {
  return -add_up(-a, -b);
}

inline double multiply_up(double a, double b) {
  if (a == 0 || b == 0) return 0;  // nothing, even infinitely often
  const double product = a * b;
  if (!std::isfinite(product)) return detail::overflow_up(product, a, b);
  const bool is_tiny = a != 1 && b != 1 && std::fabs(product) < detail::kUnderflow;
  return is_tiny || std::fma(a, b, -product) > 0 ? detail::next_above(product) : product;
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
  if (!std::isfinite(quotient)) return detail::overflow_up(quotient, a, b);
  const bool is_tiny = a != 0 && (std::fabs(a) < detail::kUnderflow || std::fabs(quotient) < detail::kUnderflow);
  return is_tiny || std::fma(-quotient, b, a) > 0 ? detail::next_above(quotient) : quotient;
}

inline double divide_down(double a, double b) {
  return -divide_up(-a, b);
}

}  // namespace dpml::numerics
