#include <gtest/gtest.h>

#include <cmath>

#include "dpml/accounting/accountant.h"
#include "numerics/binomial.h"
#include "pair_twins.h"

namespace dpml::pld {
namespace {

const std::unique_ptr<Accountant> kPld = make_accountant("pld");

Ledger truncated(std::uint64_t units, double rate, std::uint64_t most, double noise, std::uint64_t count) {
  Ledger ledger(Neighbours::add_or_remove_one);
  ledger.append(TruncatedPoissonSampled{units, rate, most, Gaussian{noise}}, count);
  return ledger;
}

TEST(TruncatedPoisson, ByPldIsAboveTheExactDeltaOfASmallDataset) {
  for (double rate : {0.05, 0.3, 0.5, 0.6, 0.7, 0.8, 0.95}) {
    const std::vector<TwinOutcome> outcomes = truncated_twin(rate, 1.5, 6, 400);
    for (double epsilon : {0.0, 0.2, 1.0, 2.0, 4.0}) {
      long double remove = 0;
      long double add = 0;
      for (const TwinOutcome& one : outcomes) {
        remove += std::max(0.0L, one.p - std::exp(static_cast<long double>(epsilon)) * one.q);
        add += std::max(0.0L, one.q - std::exp(static_cast<long double>(epsilon)) * one.p);
      }
      const double exact = static_cast<double>(std::max(remove, add));
      EXPECT_GE(kPld->delta(truncated(4, rate, 2, 1.5, 1), epsilon), exact * (1 - 1e-4)) << rate << " " << epsilon;
    }
  }
}

TEST(TruncatedPoisson, CostsNoLessWhenMoreIsCut) {
  // Batches of 100 are expected. Each largest batch costs less than the one before, those at the mean too.
  double smallest = kPld->epsilon(truncated(10001, 0.01, 95, 1, 300), 1e-5);
  for (std::uint64_t most : {98u, 99u, 100u, 101u, 102u, 105u, 110u}) {
    const double epsilon = kPld->epsilon(truncated(10001, 0.01, most, 1, 300), 1e-5);
    EXPECT_LT(epsilon, smallest) << most;
    EXPECT_GT(epsilon, 0.8 * smallest) << most;
    smallest = epsilon;
  }
}

double normal_above(double z) {
  return 0.5 * std::erfc(z / std::sqrt(2.0));
}

// Batches are nearly always full, all others contribute -1 and are pushed out by the unit: one threshold shows more
// than sampling without pushing out would allow.
TEST(TruncatedPoisson, PushesOthersOutUnderAllNeighbours) {
  const double units = 10001;
  const double rate = 0.5;
  const double most = 4700;
  for (const bool replaces : {false, true}) {
    Ledger ledger(replaces ? Neighbours::replace_one : Neighbours::zero_out);
    ledger.append(TruncatedPoissonSampled{10001, rate, 4700, Gaussian{1}}, 1);
    const double theirs = replaces ? -1 : 0;
    for (const double delta : {1e-5, 1e-3}) {
      const double epsilon = kPld->epsilon(ledger, delta);
      for (double threshold = 0; threshold < 8; threshold += 0.25) {  // of the sum of a full batch of others
        double p = 0;
        double q = 0;
        for (double drawn = most; drawn < units; ++drawn) {
          const double chance = std::exp(numerics::log_binomial_probability(units - 1, drawn, rate, 1 - rate));
          const double taken = rate * most / (drawn + 1);
          p += chance * ((1 - taken) * normal_above(threshold) + taken * normal_above(threshold - 2));
          q += chance * ((1 - taken) * normal_above(threshold) + taken * normal_above(threshold - 1 - theirs));
        }
        q += std::exp(numerics::log_binomial_tail(units - 1, units - most, rate, rate).upper);  // the batch is not full
        EXPECT_LE(p - std::exp(epsilon) * q, delta) << threshold << " " << replaces;
      }
    }
  }
}

}  // namespace
}  // namespace dpml::pld
