#include "dpml/accounting/calibration.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "schedules.h"

namespace dpml {
namespace {

const std::unique_ptr<Accountant> kAccountant = make_accountant("rdp");

double calibrate(double target_epsilon, double delta, double sampling_rate, std::uint64_t steps) {
  return calibrate_noise_multiplier(*kAccountant, target_epsilon, delta, [&](double noise) {
    return ledger_of({sampling_rate, noise, steps});
  });
}

TEST(Calibration, NeverOvershootsAndWastesLessThanAMillionth) {
  std::mt19937_64 draw(9);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int i = 0; i < 60; ++i) {
    const double target = std::pow(10, -1 + 3 * uniform(draw));
    const double delta = std::pow(10, -2 - 10 * uniform(draw));
    const double rate = std::pow(10, -5 * uniform(draw));
    const auto steps = static_cast<std::uint64_t>(std::pow(10, 6 * uniform(draw)));
    const double noise = calibrate(target, delta, rate, steps);
    EXPECT_LE(kAccountant->epsilon(ledger_of({rate, noise, steps}), delta), target);
    EXPECT_GT(kAccountant->epsilon(ledger_of({rate, noise * (1 - 1.1e-6), steps}), delta), target)
        << "target " << target << " rate " << rate << " steps " << steps;
  }
}

TEST(Calibration, ReachesExtremeTargets) {
  for (double target : {1e-5, 1e4}) {
    for (double rate : {1e-4, 1.0}) {
      const double noise = calibrate(target, 1e-10, rate, 100'000'000);
      const double found = kAccountant->epsilon(ledger_of({rate, noise, 100'000'000}), 1e-10);
      EXPECT_LE(found, target);
      EXPECT_GT(found, 0.999 * target);
    }
  }
}

TEST(Calibration, PaysForWhatTheLedgerHoldsAlready) {
  const auto resumed = [](double noise) {
    Ledger ledger = ledger_of({0.01, 1, 1000});
    ledger.append(PoissonSampled{0.01, Gaussian{noise}}, 1000);
    return ledger;
  };
  const double noise = calibrate_noise_multiplier(*kAccountant, 3, 1e-5, resumed);
  EXPECT_GT(noise, calibrate(3, 1e-5, 0.01, 1000));
  EXPECT_LE(kAccountant->epsilon(resumed(noise), 1e-5), 3);
  EXPECT_THROW(calibrate_noise_multiplier(*kAccountant, 1, 1e-5, resumed), ConfigError) << "already spent";
}

TEST(Calibration, SaysWhenNoNoiseIsEnough) {
  const auto hopeless = [](double) {
    Ledger ledger(Neighbours::add_or_remove_one);
    ledger.append(NonPrivate{});
    return ledger;
  };
  EXPECT_THROW(calibrate_noise_multiplier(*kAccountant, 1e9, 0.5, hopeless), ConfigError);
}

TEST(Calibration, GivesTheLeastNoiseWhenNothingIsReleased) {
  EXPECT_EQ(calibrate(1, 1e-5, 0.01, 0), 1e-12);
}

TEST(Calibration, RefusesTargetsThatAreNone) {
  for (double target : {-1.0, 0.0, std::numeric_limits<double>::infinity(), std::nan("")}) {
    EXPECT_THROW(calibrate(target, 1e-5, 0.01, 10), ConfigError) << target;
  }
  for (double delta : {-1.0, 0.0, 1.0, std::nan("")}) EXPECT_THROW(calibrate(1, delta, 0.01, 10), ConfigError) << delta;
}

}  // namespace
}  // namespace dpml
