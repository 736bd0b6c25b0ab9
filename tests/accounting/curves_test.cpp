#include "dpml/accounting/curves.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "dpml/accounting/analytic_gaussian.h"
#include "reference_cases.h"
#include "schedules.h"

namespace dpml {
namespace {

const std::unique_ptr<Accountant> kGdp = make_accountant("gdp");

Ledger gaussians(double noise_multiplier, std::uint64_t count) {
  Ledger ledger(Neighbours::zero_out);
  ledger.append(Gaussian{noise_multiplier}, count);
  return ledger;
}

TEST(Curves, AskTheAccountantAtEachPoint) {
  const Ledger ledger = gaussians(2, 3);
  const std::vector<double> epsilons = {0, 0.5, 3};
  const std::vector<Bound> deltas = delta_curve(*kGdp, ledger, epsilons);
  const std::vector<Bound> back = epsilon_curve(*kGdp, ledger, std::vector<double>{deltas[1].upper, deltas[2].upper});
  ASSERT_EQ(deltas.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(deltas[i].upper, kGdp->delta(ledger, epsilons[i]));
  EXPECT_NEAR(back[0].upper, 0.5, 1e-9);
  EXPECT_NEAR(back[1].upper, 3, 1e-9);
}

TEST(Curves, OverStepsAskAboutPrefixesOfTheLedger) {
  Ledger ledger = gaussians(2, 3);
  ledger.append(Gaussian{1}, 4);
  Ledger five = gaussians(2, 3);
  five.append(Gaussian{1}, 2);
  const std::vector<std::uint64_t> releases = {0, 2, 5, 7, 100};
  const std::vector<Bound> curve = steps_curve(*kGdp, ledger, 1e-5, releases);
  ASSERT_EQ(curve.size(), 5u);
  EXPECT_EQ(curve[0].upper, 0);
  EXPECT_EQ(curve[1].upper, kGdp->epsilon(gaussians(2, 2), 1e-5));
  EXPECT_EQ(curve[2].upper, kGdp->epsilon(five, 1e-5));
  EXPECT_EQ(curve[3].upper, kGdp->epsilon(ledger, 1e-5));
  EXPECT_EQ(curve[4].upper, curve[3].upper);
}

TEST(TradeOff, OfAGaussianAgreesWithReference) {
  const json one = reference_case("dev-tr-01");
  const std::vector<double> rates = numbers_at(one, "/inputs/fpr");
  const std::vector<double> tpr = numbers_at(one, "/expected/tpr");
  const std::vector<double> fnr = numbers_at(one, "/expected/fnr");
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const TradeOffPoint ours = gaussian_trade_off(1 / number_at(one, "/inputs/sigma"), rates[i]);
    EXPECT_NEAR(ours.true_positive_rate / tpr[i], 1, 1e-10) << rates[i];
    EXPECT_NEAR(ours.false_negative_rate / fnr[i], 1, 1e-10) << rates[i];
  }
}

TEST(TradeOff, FromDeltasEnclosesTheExactGaussianCurve) {
  const std::vector<double> rates = {0, 1e-12, 1e-6, 1e-3, 0.05, 0.2, 0.4, 0.5, 0.8, 0.99, 1};
  for (double mu : {1e-6, 0.01, 0.5, 2.0, 8.0, 25.0}) {
    const std::vector<TradeOffPoint> curve = trade_off_curve(*kGdp, gaussians(1 / mu, 1), rates);
    for (std::size_t i = 0; i < rates.size(); ++i) {
      const TradeOffPoint exact = gaussian_trade_off(mu, rates[i]);
      EXPECT_GE(curve[i].true_positive_rate, exact.true_positive_rate * (1 - 1e-12)) << mu << " " << rates[i];
      EXPECT_LE(curve[i].false_negative_rate, exact.false_negative_rate * (1 + 1e-12)) << mu << " " << rates[i];
      EXPECT_LE(curve[i].true_positive_rate, exact.true_positive_rate * (1 + 1e-8) + 1e-300) << mu << " " << rates[i];
      EXPECT_GE(curve[i].false_negative_rate, exact.false_negative_rate * (1 - 1e-8) - 1e-14) << mu << " " << rates[i];
    }
  }
}

/// The exact accountant of Gaussians, as if its answers were expensive.
class Slow final : public Accountant {
 public:
  std::string_view name() const override { return "slow"; }
  mutable std::vector<double> asked;

 private:
  Bound find_epsilon(const Ledger& ledger, double delta) const override { return kGdp->epsilon_bound(ledger, delta); }
  Bound find_delta(const Ledger& ledger, double epsilon) const override {
    asked.push_back(epsilon);
    return kGdp->delta_bound(ledger, epsilon);
  }
};

TEST(TradeOff, AsksASlowAccountantSeldomAndNotFarOut) {
  std::vector<double> rates;
  for (int i = 0; i <= 40; ++i) rates.push_back(i / 40.0);
  for (double mu : {0.01, 1.0, 4.0}) {
    const Slow slow;
    for (const TradeOffPoint& point : trade_off_curve(slow, gaussians(1 / mu, 1), rates)) {
      const TradeOffPoint exact = gaussian_trade_off(mu, point.false_positive_rate);
      EXPECT_GE(point.true_positive_rate, exact.true_positive_rate * (1 - 1e-12));
      EXPECT_LE(point.true_positive_rate, exact.true_positive_rate * (1 + 1e-3));
      EXPECT_LE(point.false_negative_rate, exact.false_negative_rate * (1 + 1e-12));
      EXPECT_GE(point.false_negative_rate, exact.false_negative_rate * (1 - 1e-3));
    }
    EXPECT_LE(slow.asked.size(), 8 * rates.size()) << mu;
    for (double epsilon : slow.asked) EXPECT_TRUE(epsilon < 10 + 5 * mu || std::isinf(epsilon)) << mu << " " << epsilon;
  }
}

TEST(TradeOff, OfSampledGaussiansIsNeverAboveReference) {
  const json one = reference_case("dev-tr-02");
  const std::unique_ptr<Accountant> pld = make_accountant("pld");
  const Ledger ledger = ledger_of({0.01, 1, 1000});
  const std::vector<double> theirs = numbers_at(one, "/expected/tpr_upper");
  const std::vector<TradeOffPoint> ours = trade_off_curve(*pld, ledger, numbers_at(one, "/inputs/fpr"));
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    EXPECT_NEAR(ours[i].true_positive_rate / theirs[i], 1, 1e-3) << ours[i].false_positive_rate;
  }
  EXPECT_NEAR(gaussian_fit(*pld, ledger, 1e-12, 3) / number_at(one, "/expected/gdp_mu_estimate"), 1, 2e-3);
}

TEST(TradeOff, FitsAGaussianToAGaussian) {
  for (double mu : {0.05, 1.0, 6.0}) EXPECT_NEAR(gaussian_fit(*kGdp, gaussians(1 / mu, 1), 1e-9, 20) / mu, 1, 1e-6);
}

TEST(TradeOff, KnowsTheEnds) {
  const std::vector<double> rates = {0, 0.3, 1};
  for (const TradeOffPoint& point : trade_off_curve(*kGdp, Ledger(Neighbours::zero_out), rates)) {
    EXPECT_NEAR(point.true_positive_rate, point.false_positive_rate, 1e-14) << "nothing released, nothing learned";
  }
  for (const TradeOffPoint& point : trade_off_curve(*kGdp, gaussians(0, 1), rates)) {
    EXPECT_EQ(point.true_positive_rate, 1);
    EXPECT_EQ(point.false_negative_rate, 0);
  }
  EXPECT_EQ(gaussian_fit(*kGdp, gaussians(0, 1), 1e-3, 5), std::numeric_limits<double>::infinity());
  EXPECT_THROW(trade_off_curve(*kGdp, gaussians(1, 1), std::vector<double>{1.5}), ConfigError);
  EXPECT_THROW(gaussian_trade_off(-1, 0.5), ConfigError);
  EXPECT_THROW(gaussian_fit(*kGdp, gaussians(1, 1), 0.7, 5), ConfigError);
}

}  // namespace
}  // namespace dpml
