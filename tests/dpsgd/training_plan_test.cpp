#include "dpml/dpsgd/training_plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "dpml/base/error.h"

namespace dpml {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

PrivacyOptions stated() {
  PrivacyOptions options;
  options.unit = "one image";
  options.neighbours = Neighbours::add_or_remove_one;
  options.sampler = SamplerKind::poisson;
  options.sampling_rate = 0.02;
  options.expected_batch_size = 100;
  options.steps = 500;
  options.clip_bound = 1.5;
  options.delta = 1e-5;
  options.noise_multiplier = 1.1;
  return options;
}

PrivacyOptions with(const std::function<void(PrivacyOptions&)>& change) {
  PrivacyOptions options = stated();
  change(options);
  return options;
}

TEST(TrainingPlan, MakesPartsThatAgree) {
  const TrainingPlan plan(stated());
  EXPECT_EQ(plan.sampler().kind(), SamplerKind::poisson);
  EXPECT_EQ(plan.sampler().sampling_rate(), 0.02);
  EXPECT_EQ(plan.clip_rule().sensitivity(), 1.5);
  EXPECT_EQ(plan.noise_multiplier(), 1.1);
  EXPECT_DOUBLE_EQ(noise_stddev_of(plan.mechanism()), 1.1 * 1.5);
  EXPECT_EQ(event_of(plan.mechanism()), Event(PoissonSampled{0.02, Gaussian{1.1}}));
}

TEST(TrainingPlan, GuaranteesWhatTheAccountantSaysOfAllSteps) {
  const TrainingPlan plan(stated());
  Ledger ledger(Neighbours::add_or_remove_one);
  ledger.append(PoissonSampled{0.02, Gaussian{1.1}}, 500);
  const double epsilon = make_accountant("pld")->epsilon(ledger, 1e-5);
  EXPECT_EQ(plan.guarantee().epsilon, epsilon);
  EXPECT_EQ(plan.guarantee(ledger).epsilon, epsilon);
  EXPECT_EQ(plan.guarantee().delta, 1e-5);
  EXPECT_EQ(plan.guarantee().neighbours, Neighbours::add_or_remove_one);
  EXPECT_EQ(plan.guarantee().accountant, "pld");
}

TEST(TrainingPlan, FindsTheNoiseForATargetAndNeverExceedsIt) {
  for (const double target : {0.5, 3.0, 20.0}) {
    const TrainingPlan plan(with([&](PrivacyOptions& options) {
      options.noise_multiplier.reset();
      options.target_epsilon = target;
    }));
    EXPECT_LE(plan.guarantee().epsilon, target);
    const TrainingPlan quieter(
        with([&](PrivacyOptions& options) { options.noise_multiplier = plan.noise_multiplier() * (1 - 2e-4); }));
    EXPECT_GT(quieter.guarantee().epsilon, target);
    EXPECT_DOUBLE_EQ(noise_stddev_of(plan.mechanism()), plan.noise_multiplier() * 1.5);
    EXPECT_EQ(event_of(plan.mechanism()), Event(PoissonSampled{0.02, Gaussian{plan.noise_multiplier()}}));
  }
}

TEST(TrainingPlan, CutsTheStepsToTheLastThatKeepsWithinABudget) {
  const auto budget = [](double epsilon) {
    return with([&](PrivacyOptions& options) { options.epsilon_budget = epsilon; });
  };
  const TrainingPlan plan(budget(1));
  const std::uint64_t steps = plan.options().steps;
  EXPECT_GT(steps, 0U);
  EXPECT_LT(steps, 500U);
  EXPECT_LE(plan.guarantee().epsilon, 1);
  EXPECT_GT(TrainingPlan(with([&](PrivacyOptions& options) { options.steps = steps + 1; })).guarantee().epsilon, 1);
  EXPECT_EQ(TrainingPlan(budget(100)).options().steps, 500U);  // never more than stated
}

TEST(TrainingPlan, RefusesToGoOnFromReleasesThatLeaveTooLittleOfTheBudget) {
  const TrainingPlan plan(with([](PrivacyOptions& options) {
    options.noise_multiplier.reset();
    options.target_epsilon = 1;
  }));
  const auto spent = [&](double factor, std::uint64_t count) {
    Ledger ledger(Neighbours::add_or_remove_one);
    ledger.append(PoissonSampled{0.02, Gaussian{plan.noise_multiplier() * factor}}, count);
    return ledger;
  };
  plan.require_within_budget(spent(1, 0));
  plan.require_within_budget(spent(1, 499));
  plan.require_within_budget(spent(1, 500));
  plan.require_within_budget(spent(1.1, 100));
  EXPECT_THROW(plan.require_within_budget(spent(1, 501)), PrivacyError);
  EXPECT_THROW(plan.require_within_budget(spent(0.9, 100)), PrivacyError);
  TrainingPlan(stated()).require_within_budget(spent(0.1, 100));  // nothing was promised
}

TEST(TrainingPlan, FullBatchIsAnEventWithoutSampling) {
  const TrainingPlan plan(with([](PrivacyOptions& options) {
    options.sampler = SamplerKind::full_batch;
    options.sampling_rate = 1;
  }));
  EXPECT_EQ(event_of(plan.mechanism()), Event(Gaussian{1.1}));
}

TEST(TrainingPlan, AllowsTheStatedNumberOfReleasesThoseOfEarlierRunsIncluded) {
  const TrainingPlan plan(stated());
  Ledger ledger(Neighbours::add_or_remove_one);
  EXPECT_TRUE(plan.allows_another(ledger));
  ledger.append(event_of(plan.mechanism()), 499);
  EXPECT_TRUE(plan.allows_another(ledger));
  ledger.append(NonPrivate{});
  EXPECT_FALSE(plan.allows_another(ledger));
}

TEST(TrainingPlan, GuaranteesNothingWithoutNoise) {
  for (const double clip_bound : {1.0, kInfinity}) {
    const TrainingPlan plan(with([&](PrivacyOptions& options) {
      options.noise_multiplier = 0;
      options.clip_bound = clip_bound;
    }));
    EXPECT_EQ(plan.guarantee().epsilon, kInfinity);
    EXPECT_EQ(event_of(plan.mechanism()), Event(NonPrivate{}));
  }
}

TEST(TrainingPlan, GuaranteesNothingForAChosenSeed) {
  const TrainingPlan secret(stated());
  const TrainingPlan chosen(with([](PrivacyOptions& options) { options.seed = 7; }));
  EXPECT_EQ(chosen.guarantee().epsilon, kInfinity);
  Ledger ledger(Neighbours::add_or_remove_one);
  EXPECT_EQ(chosen.guarantee(ledger).epsilon, 0);  // nothing was released
  ledger.append(event_of(chosen.mechanism()), 500);
  EXPECT_EQ(chosen.guarantee(ledger).epsilon, kInfinity);
  EXPECT_EQ(chosen.schedule_guarantee(ledger).epsilon, secret.guarantee().epsilon);
}

TEST(TrainingPlan, RefusesByNameWhatIsMissingImpossibleOrContradictory) {
  struct Case {
    std::string expected;
    std::function<void(PrivacyOptions&)> change;
  };
  const std::vector<Case> cases = {
      {"unit", [](PrivacyOptions& o) { o.unit.clear(); }},
      {"steps", [](PrivacyOptions& o) { o.steps = 0; }},
      {"delta", [](PrivacyOptions& o) { o.delta = 0; }},
      {"delta", [](PrivacyOptions& o) { o.delta = 1; }},
      {"delta", [](PrivacyOptions& o) { o.delta = std::nan(""); }},
      {"both a target epsilon and a noise multiplier", [](PrivacyOptions& o) { o.target_epsilon = 3; }},
      {"budget is stated beside a target",
       [](PrivacyOptions& o) {
         o.noise_multiplier.reset();
         o.target_epsilon = 3;
         o.epsilon_budget = 3;
       }},
      {"does not allow a single step", [](PrivacyOptions& o) { o.epsilon_budget = 1e-4; }},
      {"target epsilon", [](PrivacyOptions& o) { o.epsilon_budget = -1; }},
      {"neither a target epsilon nor a noise multiplier", [](PrivacyOptions& o) { o.noise_multiplier.reset(); }},
      {"target epsilon",
       [](PrivacyOptions& o) {
         o.noise_multiplier.reset();
         o.target_epsilon = 0;
       }},
      {"noise multiplier", [](PrivacyOptions& o) { o.noise_multiplier = -1; }},
      {"noise multiplier", [](PrivacyOptions& o) { o.noise_multiplier = std::nan(""); }},
      {"sampling rate", [](PrivacyOptions& o) { o.sampling_rate = 0; }},
      {"sampling rate", [](PrivacyOptions& o) { o.sampling_rate = 1.5; }},
      {"full batch means sampling rate 1", [](PrivacyOptions& o) { o.sampler = SamplerKind::full_batch; }},
      {"clip bound", [](PrivacyOptions& o) { o.clip_bound = 0; }},
      {"clip bound", [](PrivacyOptions& o) { o.clip_bound = -1; }},
      {"clip bound is infinite", [](PrivacyOptions& o) { o.clip_bound = kInfinity; }},
      {"expected batch size", [](PrivacyOptions& o) { o.expected_batch_size = 0; }},
      {"accountant", [](PrivacyOptions& o) { o.accountant = "guess"; }},
  };
  for (const Case& one : cases) {
    try {
      const TrainingPlan plan(with(one.change));
      ADD_FAILURE() << "accepted: " << one.expected;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(one.expected), std::string::npos) << error.what();
    }
  }
}

TEST(TrainingPlan, RefusesWhatTheAccountantCannotBound) {
  EXPECT_THROW(TrainingPlan(with([](PrivacyOptions& o) { o.accountant = "gdp"; })), UnsupportedEvent);
}

}  // namespace
}  // namespace dpml
