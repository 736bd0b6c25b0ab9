#include "numerics/gauss_legendre.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

namespace dpml::numerics {
namespace {

TEST(GaussLegendre, HasEveryDigitOfTheZerosAndWeights) {
  for (const QuadraturePair& pair : kGaussLegendre16) {
    long double place = pair.place;
    long double slope = 0;
    for (int i = 0; i < 3; ++i) {  // Newton's method for the Legendre polynomial of degree 16, from its recurrence
      long double before = 1;
      long double value = place;
      for (int n = 1; n < 16; ++n) {
        const long double next = ((2 * n + 1) * place * value - n * before) / (n + 1);
        before = value;
        value = next;
      }
      slope = 16 * (place * value - before) / (place * place - 1);
      place -= value / slope;
    }
    EXPECT_EQ(pair.place, static_cast<double>(place));
    EXPECT_EQ(pair.weight, static_cast<double>(2 / ((1 - place * place) * slope * slope)));
  }
}

TEST(GaussLegendre, IntegratesPolynomialsExactly) {
  for (const auto& [left, right] : {std::pair{-1.0, 1.0}, {0.0, 1.0}, {2.0, 5.0}}) {
    for (int degree = 0; degree <= 31; ++degree) {
      const auto primitive = [&](long double x) { return std::pow(x, degree + 1.0L) / (degree + 1); };
      const auto truth = static_cast<double>(primitive(right) - primitive(left));
      const double found = integrate16(left, right - left, [&](double x) { return std::pow(x, degree); });
      EXPECT_NEAR(found, truth, 1e-15 * (1 + 3 * std::fabs(truth))) << left << " " << right << " " << degree;
    }
  }
  const double beyond = integrate16(-1, 2, [](double x) { return std::pow(x, 32); });
  EXPECT_GT(std::fabs(beyond - 2.0 / 33), 1e-10) << "degree 31 is the last";
}

}  // namespace
}  // namespace dpml::numerics
