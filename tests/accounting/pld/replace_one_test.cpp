// Poisson sampling when one unit is exchanged for another: which two units are the worst ones. docs/accounting.md has
// the proof; here are numbers in the plane.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "dice.h"

namespace dpml::pld {
namespace {

struct Vector {
  double x;
  double y;
};

double density(Vector mean, double noise, Vector at) {
  const double x = (at.x - mean.x) / noise;
  const double y = (at.y - mean.y) / noise;
  return std::exp(-0.5 * (x * x + y * y));
}

/// E_Q[(P / Q - exp(epsilon))+] in the plane, of (1 - rate) N(0) + rate N(mine) against (1 - rate) N(0) + rate
/// N(theirs), by the trapezoidal rule, which is good to about 1e-4 of it across the kink.
double delta(Vector mine, Vector theirs, double rate, double noise, double epsilon) {
  constexpr int kPoints = 160;
  const double reach = 1 + 7 * noise;
  const double step = 2 * reach / kPoints;
  double sum = 0;
  for (int i = 0; i <= kPoints; ++i) {
    for (int j = 0; j <= kPoints; ++j) {
      const Vector at{-reach + step * i, -reach + step * j};
      const double nothing = (1 - rate) * density({0, 0}, noise, at);
      const double p = nothing + rate * density(mine, noise, at);
      const double q = nothing + rate * density(theirs, noise, at);
      sum += std::max(0.0, p - std::exp(epsilon) * q);
    }
  }
  return sum * step * step / (2 * M_PI * noise * noise);
}

// 60 pairs of units in the unit disc, with fixed keys: nothing here is statistical.
TEST(ReplaceOne, TheWorstTwoUnitsAreOppositeAndAsLongAsTheyMayBe) {
  Dice dice(1);
  for (int i = 0; i < 60; ++i) {
    const double rate = dice.uniform(0.05, 1);
    const double noise = dice.uniform(0.4, 2);
    const double epsilon = dice.uniform(-1, 2);
    const auto unit = [&] {
      const double length = dice.coin() ? 1 : std::sqrt(dice.uniform(0, 1));
      const double angle = dice.uniform(0, 2 * M_PI);
      return Vector{length * std::cos(angle), length * std::sin(angle)};
    };
    const double worst = delta({1, 0}, {-1, 0}, rate, noise, epsilon);
    EXPECT_LE(delta(unit(), unit(), rate, noise, epsilon), worst * (1 + 1e-3) + 1e-9) << i;
    // Nearer to the middle is not worse, though it moves away from nothing, too.
    EXPECT_LE(delta({1, 0}, {-dice.uniform(0, 1), 0}, rate, noise, epsilon), worst * (1 + 1e-3) + 1e-9) << i;
  }
}

}  // namespace
}  // namespace dpml::pld
