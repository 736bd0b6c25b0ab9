#include "dpml/accounting/calibration.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "reference_cases.h"
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

/// Answers as rdp does at 0.8 times the epsilon, and counts how often it is asked; it is not quick.
class CountingAccountant final : public Accountant {
 public:
  std::string_view name() const override { return "counting"; }
  mutable int calls = 0;

 private:
  Bound find_epsilon(const Ledger& ledger, double delta) const override {
    ++calls;
    return {.upper = 0.8 * kAccountant->epsilon(ledger, delta), .method = "counting"};
  }
  Bound find_delta(const Ledger& ledger, double epsilon) const override {
    return {.upper = kAccountant->delta(ledger, epsilon / 0.8), .method = "counting"};
  }
};

TEST(Calibration, AsksAnExpensiveAccountantRarely) {
  std::mt19937_64 draw(10);
  std::uniform_real_distribution<double> uniform(0, 1);
  int calls = 0;
  for (int i = 0; i < 60; ++i) {
    const double target = std::pow(10, -1 + 2.5 * uniform(draw));
    const double rate = std::pow(10, -4 * uniform(draw));
    const auto steps = static_cast<std::uint64_t>(std::pow(10, 6 * uniform(draw)));
    CountingAccountant counting;
    const auto schedule = [&](double noise) { return ledger_of({rate, noise, steps}); };
    const double noise = calibrate_noise_multiplier(counting, target, 1e-6, schedule);
    calls += counting.calls;
    EXPECT_LE(counting.calls, 12) << "target " << target << " rate " << rate << " steps " << steps;
    EXPECT_LE(counting.epsilon(schedule(noise), 1e-6), target);
    EXPECT_GT(counting.epsilon(schedule(noise * (1 - 1.01e-4)), 1e-6), target);
  }
  EXPECT_LE(calls, 60 * 7);
}

/// Called "pld", so that "pld" is looked at first, of which it answers a hundredth more: looks end on the wrong side.
class MisleadingAccountant final : public Accountant {
 public:
  explicit MisleadingAccountant(double factor) : factor_(factor) {}
  std::string_view name() const override { return "pld"; }

 private:
  Bound find_epsilon(const Ledger& ledger, double delta) const override {
    Bound bound = pld_->epsilon_bound(ledger, delta);
    bound.upper *= factor_;
    bound.lower *= factor_;
    return bound;
  }
  Bound find_delta(const Ledger& ledger, double epsilon) const override {
    return pld_->delta_bound(ledger, epsilon / factor_);
  }

  double factor_;
  std::unique_ptr<Accountant> pld_ = make_accountant("pld");
};

TEST(Calibration, AnswersWithWhatTheAccountantSaidWhateverALookSays) {
  for (const double factor : {0.99, 1.0, 1.01}) {
    for (const double target : {0.3, 3.0, 8.0}) {
      const MisleadingAccountant misleading(factor);
      const auto schedule = [](double noise) {
        Ledger ledger(Neighbours::add_or_remove_one);
        ledger.append(BallsAndBins{50, Gaussian{noise}}, 2);
        return ledger;
      };
      const double noise = calibrate_noise_multiplier(misleading, target, 1e-5, schedule);
      EXPECT_LE(misleading.epsilon(schedule(noise), 1e-5), target) << factor;
      EXPECT_GT(misleading.epsilon(schedule(noise * (1 - 1.01e-4)), 1e-5), target) << factor;
    }
  }
}

TEST(Calibration, WithPldAgreesWithReference) {
  const std::unique_ptr<Accountant> pld = make_accountant("pld");
  const std::vector<json> cases = reference_cases("calibrate_sigma");
  EXPECT_EQ(cases.size(), 5u);
  for (const json& one : cases) {
    const double target = number_at(one, "/inputs/target_epsilon");
    const double delta = number_at(one, "/inputs/target_delta");
    const auto schedule = [&](double noise) {
      return ledger_of({number_at(one, "/inputs/q"), noise, one.at("inputs").at("steps").get<std::uint64_t>()});
    };
    const double ours = calibrate_noise_multiplier(*pld, target, delta, schedule);
    EXPECT_LE(pld->epsilon(schedule(ours), delta), target) << one.at("id");
    EXPECT_LE(ours, number_at(one, "/expected/pld/sigma") * (1 + 1e-4)) << one.at("id");
    EXPECT_GT(pld->epsilon_bound(schedule(ours * (1 - 4e-4)), delta).lower, target)
        << one.at("id") << ": certainly fails";
    if (one.at("expected").contains("exact_sigma")) {
      EXPECT_GE(ours, number_at(one, "/expected/exact_sigma")) << one.at("id");
    }
  }
}

TEST(Calibration, FindsTheLargestNumberOfSteps) {
  std::mt19937_64 draw(11);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int i = 0; i < 60; ++i) {
    const double target = std::pow(10, -1 + 2 * uniform(draw));
    const double rate = std::pow(10, -4 * uniform(draw));
    const double noise = 1 + 3 * uniform(draw);
    CountingAccountant counting;
    const auto schedule = [&](std::uint64_t steps) { return ledger_of({rate, noise, steps}); };
    const std::uint64_t steps = calibrate_count(counting, target, 1e-6, 1'000'000'000'000, schedule);
    EXPECT_LE(counting.calls, 20) << "target " << target << " rate " << rate << " noise " << noise;
    EXPECT_LE(counting.epsilon(schedule(steps), 1e-6), target);
    EXPECT_GT(counting.epsilon(schedule(steps + 1), 1e-6), target) << steps;
  }
}

TEST(Calibration, StopsAtTheLargestCountAllowed) {
  const auto schedule = [](std::uint64_t steps) { return ledger_of({0.01, 2, steps}); };
  EXPECT_EQ(calibrate_count(*kAccountant, 100, 1e-6, 7, schedule), 7u);
  EXPECT_EQ(calibrate_count(*kAccountant, 100, 1e-6, 0, schedule), 0u);
  EXPECT_EQ(calibrate_count(*kAccountant, 1e-9, 1e-9, 1000, schedule), 0u) << "not even one step, but none is free";
  const auto spent = [](std::uint64_t steps) { return ledger_of({1, 0.5, steps + 1}); };
  EXPECT_THROW(calibrate_count(*kAccountant, 1, 1e-6, 1000, spent), ConfigError);
  EXPECT_THROW(calibrate_count(*kAccountant, 1, 1e-6, ~std::uint64_t{0}, schedule), ConfigError);
}

TEST(Calibration, FindsTheLargestBatch) {
  const std::uint64_t dataset = 60'000;
  const auto schedule = [&](std::uint64_t batch) {
    return ledger_of({static_cast<double>(batch) / static_cast<double>(dataset), 1.1, 2000});
  };
  const std::uint64_t batch = calibrate_count(*kAccountant, 2, 1e-5, dataset, schedule);
  EXPECT_LE(kAccountant->epsilon(schedule(batch), 1e-5), 2);
  EXPECT_GT(kAccountant->epsilon(schedule(batch + 1), 1e-5), 2);
  EXPECT_EQ(calibrate_count(*kAccountant, 1e6, 1e-5, dataset, schedule), dataset);
}

TEST(Calibration, FindsTheLargestSamplingRate) {
  for (double target : {0.1, 1.0, 10.0}) {
    CountingAccountant counting;
    const auto schedule = [](double rate) { return ledger_of({rate, 1.5, 3000}); };
    const double rate = calibrate_sampling_rate(counting, target, 1e-6, schedule);
    EXPECT_LE(counting.calls, 12);
    EXPECT_LE(counting.epsilon(schedule(rate), 1e-6), target);
    EXPECT_GT(counting.epsilon(schedule(rate * (1 + 1.01e-4)), 1e-6), target);
  }
  EXPECT_EQ(calibrate_sampling_rate(*kAccountant, 1, 1e-6, [](double rate) { return ledger_of({rate, 100, 1}); }), 1);
}

TEST(Calibration, FindsTheSmallestDelta) {
  const Ledger ledger = ledger_of({0.01, 1, 1000});
  const double delta = calibrate_delta(*kAccountant, 2, ledger);
  EXPECT_NEAR(kAccountant->epsilon(ledger, delta), 2, 1e-6);
  EXPECT_LE(kAccountant->epsilon(ledger, delta * (1 + 1e-9)), 2);
  EXPECT_THROW(calibrate_delta(*kAccountant, 1, ledger_of({1, 0, 1})), ConfigError);
}

}  // namespace
}  // namespace dpml
