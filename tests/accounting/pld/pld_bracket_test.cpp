// The exact value lies in the certified interval of "pld": random cases from wide ranges of every kind with a closed
// form. The keys are fixed; nothing here is statistical, a single miss is a fault.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "dice.h"
#include "dpml/accounting/analytic_gaussian.h"
#include "dpml/accounting/optimal_composition.h"
#include "oracle.h"
#include "pld/pld_accountant.h"
#include "reference_events.h"

namespace dpml::pld {
namespace {

constexpr double kGap = 1e-2;
constexpr double kTwinError = 1e-11;  // of log(delta), relative to its size or 1

const PldAccountant kPld(kGap);

/// log(delta) as a function of epsilon: between those two.
using Truth = std::function<Interval(double epsilon)>;

std::string describe(const Ledger& ledger, double asked) {
  return to_text(ledger) + " asked " + std::to_string(asked) + " log " + std::to_string(std::log(asked));
}

/// One case in fifty, or all 10,000 of this file (minutes) with DPML_ALL_CASES in the environment.
int cases(int all) {
  return wants_all_cases() ? all : all / 50;
}

double slack(double log_delta) {
  if (std::isinf(log_delta)) return 0;
  return kTwinError * (1 + std::fabs(log_delta));
}

void expect_epsilon_bracketed(const Ledger& ledger, double delta, const Truth& truth) {
  const Bound ours = kPld.epsilon_bound(ledger, delta);
  const double log_delta = std::log(delta);
  EXPECT_LE(ours.lower, ours.upper) << describe(ledger, delta);
  if (ours.upper < std::numeric_limits<double>::infinity()) {
    EXPECT_LE(truth(ours.upper).lower, log_delta + slack(log_delta))
        << describe(ledger, delta) << ": upper " << ours.upper << " is below the truth";
  }
  if (ours.lower > 0) {
    EXPECT_GE(truth(ours.lower).upper, log_delta - slack(log_delta))
        << describe(ledger, delta) << ": lower " << ours.lower << " is above the truth";
  }
}

void expect_delta_bracketed(const Ledger& ledger, double epsilon, const Truth& truth) {
  const Bound ours = kPld.delta_bound(ledger, epsilon);
  const Interval exact = truth(epsilon);
  EXPECT_LE(ours.lower, ours.upper) << describe(ledger, epsilon);
  EXPECT_GE(std::log(ours.upper), exact.lower - slack(exact.lower)) << describe(ledger, epsilon) << ": below the truth";
  EXPECT_LE(std::log(ours.lower), exact.upper + slack(exact.upper)) << describe(ledger, epsilon) << ": above the truth";
}

void expect_bracketed(Dice& dice, const Ledger& ledger, double delta, double epsilon, const Truth& truth) {
  dice.coin() ? expect_epsilon_bracketed(ledger, delta, truth) : expect_delta_bracketed(ledger, epsilon, truth);
}

TEST(PldBracket, HoldsForGaussiansOnTheLattice) {
  Dice dice(1);
  for (int i = 0; i < cases(2500); ++i) {
    const double count = dice.count(1e8);
    const double mu = dice.logarithmic(1e-3, 30);
    const double delta = dice.logarithmic(dice.coin() ? 1e-30 : 1e-260, 0.3);
    // A mixture of one component is a plain Gaussian, but not known as one to the accountant.
    const double noise = std::sqrt(count) / mu;
    const Ledger ledger = ledger_of(MixtureOfGaussians{noise, {{1, 1}}}, Neighbours::add_or_remove_one,
                                    static_cast<std::uint64_t>(count));
    const double exact_mu = std::sqrt(count) / noise;
    const double epsilon = dice.uniform(0, 1.2) * gaussian_epsilon(mu, delta).upper;
    expect_bracketed(dice, ledger, delta, epsilon, [&](double e) { return gaussian_log_delta(exact_mu, e); });
  }
}

TEST(PldBracket, HoldsForOneSampledGaussian) {
  Dice dice(2);
  for (int i = 0; i < cases(1500); ++i) {
    const double rate = dice.logarithmic(1e-6, 1);
    const double noise = dice.logarithmic(0.3, 1000);
    const double delta = rate * dice.logarithmic(dice.coin() ? 1e-20 : 1e-200, 0.3);
    const Ledger ledger = ledger_of(PoissonSampled{rate, Gaussian{noise}}, Neighbours::add_or_remove_one);
    const Truth truth = [&](double e) {
      const double larger = std::max(one_release_log_delta(rate, noise, OracleDirection::remove, e),
                                     one_release_log_delta(rate, noise, OracleDirection::add, e));
      return Interval{larger, larger};
    };
    const double epsilon =
        dice.uniform(0, 1.2) * std::log1p(rate * std::expm1(gaussian_epsilon(1 / noise, delta / rate).upper));
    expect_bracketed(dice, ledger, delta, epsilon, truth);
  }
}

TEST(PldBracket, HoldsForOneLaplace) {
  Dice dice(3);
  for (int i = 0; i < cases(1500); ++i) {
    const double noise = dice.logarithmic(0.02, 1e5);
    const Ledger ledger = ledger_of(Laplace{noise}, Neighbours::add_or_remove_one);
    const double most = -std::expm1(-0.5 / noise);  // delta at epsilon 0
    const double delta = most * dice.logarithmic(1e-100, 1);
    const double epsilon = dice.uniform(0, 1) / noise;
    expect_bracketed(dice, ledger, delta, epsilon, [&](double e) {
      const double gap = 1 / noise - e;
      if (!(gap > 0)) return Interval{-std::numeric_limits<double>::infinity(), std::log(1e-15 * (1 + 1 / noise))};
      const double rounding = 1e-15 * (e + 1 / noise);  // of the gap
      return Interval{std::log(-std::expm1(-0.5 * std::max(0.0, gap - rounding))),
                      std::log(-std::expm1(-0.5 * (gap + rounding)))};
    });
  }
}

TEST(PldBracket, HoldsForAnythingEpsilonDeltaPrivate) {
  Dice dice(4);
  for (int i = 0; i < cases(2500); ++i) {
    const double count = dice.count(1e6);
    const double each = dice.logarithmic(1e-3, 30) / std::sqrt(count);
    const double each_delta = dice.coin() ? 0 : dice.logarithmic(1e-200, 1e-3) / count;
    const auto times = static_cast<std::uint64_t>(count);
    const double delta = dice.logarithmic(dice.coin() ? 1e-30 : 1e-260, 0.3);
    const Ledger ledger = ledger_of(EpsilonDelta{each, each_delta}, Neighbours::replace_one, times);
    const double largest =
        pure_composition_epsilon(each, each_delta, times, std::max(delta, 1.1 * count * each_delta)).upper;
    expect_bracketed(dice, ledger, delta, dice.uniform(0, 1.2) * largest, [&](double e) {
      const Interval exact = pure_composition_delta(each, each_delta, times, e);
      return Interval{std::log(exact.lower), std::log(exact.upper)};
    });
  }
}

/// log(delta) of randomised response by the sum over how many answers were true and how many were the other dataset's.
double randomized_response_log_delta(const RandomizedResponse& event, int count, long double epsilon) {
  const long double categories = static_cast<long double>(event.categories);
  const long double other = event.noise_probability / categories;
  const long double same = 1 - event.noise_probability + other;
  const long double rest = event.noise_probability - 2 * other;
  const long double loss = std::log(same / other);
  long double sum = 0;
  for (int a = 0; a <= count; ++a) {
    for (int b = 0; a + b <= count && static_cast<long double>(a - b) * loss > epsilon; ++b) {
      const int c = count - a - b;
      if (rest <= 0 && c > 0) continue;
      const long double ways =
          std::lgamma(count + 1.0L) - std::lgamma(a + 1.0L) - std::lgamma(b + 1.0L) - std::lgamma(c + 1.0L);
      const long double log_mass = ways + a * std::log(same) + b * std::log(other) + (c > 0 ? c * std::log(rest) : 0);
      sum += std::exp(log_mass) * -std::expm1(epsilon - (a - b) * loss);
    }
  }
  return static_cast<double>(std::log(sum));
}

TEST(PldBracket, HoldsForRandomizedResponse) {
  Dice dice(5);
  for (int i = 0; i < cases(2000); ++i) {
    const int count = static_cast<int>(dice.count(30));
    const RandomizedResponse event{dice.logarithmic(1e-4, 0.999), static_cast<std::uint64_t>(1 + dice.count(1000))};
    const Ledger ledger = ledger_of(event, Neighbours::replace_one, static_cast<std::uint64_t>(count));
    const double delta = dice.logarithmic(1e-60, 0.3);
    const double largest = count * std::log1p((1 - event.noise_probability) * static_cast<double>(event.categories) /
                                              event.noise_probability);
    expect_bracketed(dice, ledger, delta, dice.uniform(0, 0.999) * largest, [&](double e) {
      // Next to a multiple of the loss, delta depends on the last bits of both.
      return Interval{
          randomized_response_log_delta(event, count, e * (1 + 1e-14L) + 1e-14L * static_cast<long double>(largest)),
          randomized_response_log_delta(event, count, e * (1 - 1e-14L) - 1e-14L * static_cast<long double>(largest))};
    });
  }
}

}  // namespace
}  // namespace dpml::pld
