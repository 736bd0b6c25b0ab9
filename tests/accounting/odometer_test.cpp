#include "dpml/accounting/odometer.h"

#include <gtest/gtest.h>

#include <random>

#include "dpml/accounting/accountant.h"

namespace dpml {
namespace {

TEST(Odometer, GrowsWithEveryEventAndStaysAboveTheAccountant) {
  Odometer odometer(1e-6, Neighbours::zero_out);
  EXPECT_EQ(odometer.epsilon(), 0);
  double before = 0;
  for (double noise : {5.0, 50.0, 2.0, 1.0, 0.5}) {
    odometer.spend(PoissonSampled{0.1, Gaussian{noise}}, 10);
    EXPECT_GT(odometer.epsilon(), before);
    before = odometer.epsilon();
    EXPECT_GE(before, make_accountant("rdp")->epsilon(odometer.ledger(), 1e-6)) << "looking on the way costs";
  }
  EXPECT_LT(before, 1.5 * make_accountant("rdp")->epsilon(odometer.ledger(), 1e-6)) << "but not much";
}

TEST(Odometer, AddsUpCounts) {
  Odometer once(1e-6, Neighbours::zero_out);
  Odometer often(1e-6, Neighbours::zero_out);
  once.spend(Laplace{5}, 20);
  for (int i = 0; i < 20; ++i) often.spend(Laplace{5});
  EXPECT_NEAR(once.epsilon(), often.epsilon(), 1e-12);
}

TEST(Odometer, HoldsAtAllTimesForAnAdversaryWhoChoosesTheNoise) {
  // 1,000 runs of 40 Gaussian releases whose noise shrinks while the loss is high. The odometer allows a fraction of
  // 0.1 to exceed it at any time; were that the true chance, 138 or more would do so with probability 1e-4.
  std::mt19937_64 draw(61);
  std::normal_distribution<double> normal;
  int exceeded = 0;
  for (int run = 0; run < 1000; ++run) {
    Odometer odometer(0.1, Neighbours::zero_out);
    double loss = 0;
    bool has_exceeded = false;
    for (int i = 0; i < 40; ++i) {
      const double noise = loss > 0.5 * odometer.epsilon() ? 1 : 8;
      odometer.spend(Gaussian{noise});
      const double mu = 1 / noise;
      loss += mu * (normal(draw) + mu / 2);
      has_exceeded |= loss > odometer.epsilon();
    }
    exceeded += has_exceeded ? 1 : 0;
  }
  EXPECT_LT(exceeded, 138);
}

TEST(Odometer, RefusesWhatItCannotAddUp) {
  Odometer odometer(1e-6, Neighbours::zero_out);
  EXPECT_THROW(odometer.spend(EpsilonDelta{0.1, 1e-9}), UnsupportedEvent);
  EXPECT_EQ(odometer.ledger().releases(), 0u);
  EXPECT_THROW(Odometer(0, Neighbours::zero_out), ConfigError);
  odometer.spend(NonPrivate{});
  EXPECT_TRUE(std::isinf(odometer.epsilon()));
}

}  // namespace
}  // namespace dpml
