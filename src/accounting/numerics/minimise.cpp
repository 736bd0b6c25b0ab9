#include "minimise.h"

#include <cmath>
#include <limits>
#include <utility>

namespace dpml::numerics {

namespace {

constexpr double kTolerance = 3e-6;   // of the logarithm; near a minimum the value is then known to about its square
constexpr double kFurthest = 34.5;    // log(1e15)
constexpr double kGolden = 0.381966;  // (3 - sqrt(5)) / 2

struct Point {
  double x;
  double value;
};

/// Three points, of which the middle one is lowest.
struct Bracket {
  Point left;
  Point middle;
  Point right;

  double width() const { return right.x - left.x; }
  bool right_side_is_larger() const { return right.x - middle.x > middle.x - left.x; }

  void tighten(Point tried) {
    const bool is_right = tried.x > middle.x;
    if (tried.value < middle.value) {
      (is_right ? left : right) = middle;
      middle = tried;
    } else {
      (is_right ? right : left) = tried;
    }
  }
};

/// Where the parabola through the three points is lowest; not a number when it is flat.
double parabola_vertex(const Bracket& at) {
  const double left = at.middle.x - at.left.x;
  const double right = at.right.x - at.middle.x;
  const double slope_left = (at.middle.value - at.left.value) / left;
  const double slope_right = (at.right.value - at.middle.value) / right;
  return at.middle.x - 0.5 * left - 0.5 * (left + right) * slope_left / (slope_right - slope_left);
}

double golden_section(const Bracket& at) {
  const double side = (at.right_side_is_larger() ? at.right.x : at.left.x) - at.middle.x;
  return at.middle.x + kGolden * side;
}

double next_try(const Bracket& at, bool trust_parabola) {
  double x = trust_parabola ? parabola_vertex(at) : std::numeric_limits<double>::quiet_NaN();
  if (!(x > at.left.x + kTolerance && x < at.right.x - kTolerance)) x = golden_section(at);
  // A step of the tolerance to the larger side closes the bracket there once the middle is the answer.
  if (std::fabs(x - at.middle.x) < kTolerance) x = at.middle.x + (at.right_side_is_larger() ? kTolerance : -kTolerance);
  return x;
}

}  // namespace

Minimum minimise_positive(const std::function<double(double)>& function) {
  const auto at = [&](double x) { return Point{x, function(std::exp(x))}; };
  const auto answer = [](const Point& point) { return Minimum{std::exp(point.x), point.value}; };
  Bracket bracket{at(-std::log(2.0)), at(0), at(std::log(2.0))};
  double step = bracket.right.value < bracket.middle.value ? std::log(2.0) : -std::log(2.0);
  if (step < 0) std::swap(bracket.left, bracket.right);
  while (bracket.right.value < bracket.middle.value) {  // downhill towards what is called right for now
    if (std::fabs(bracket.right.x) > kFurthest) return answer(bracket.right);
    bracket = {bracket.middle, bracket.right, at(bracket.right.x + step)};
  }
  if (step < 0) std::swap(bracket.left, bracket.right);
  for (int i = 1; bracket.width() > 3 * kTolerance; ++i) bracket.tighten(at(next_try(bracket, i % 4 != 0)));
  return answer(bracket.middle);
}

}  // namespace dpml::numerics
