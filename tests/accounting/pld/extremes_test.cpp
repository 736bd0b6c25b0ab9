// Whatever a valid ledger holds, every accountant has an answer or refuses it by name, within two seconds of one core:
// numbers from the smallest double to the largest one, counts up to 2^64 - 1, alone and mixed. Fixed keys; a single
// miss is a fault.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <functional>
#include <limits>
#include <optional>
#include <string>

#include "dice.h"
#include "dpml/accounting/accountant.h"
#include "dpml/base/text.h"
#include "event_rounding.h"
#include "extreme_ledgers.h"
#include "reference_events.h"
#include "short_names.h"
#include "time_limit.h"

namespace dpml::pld {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

struct Question {
  Ledger ledger;
  double asked;
  bool is_epsilon_asked = true;
};

std::string describe(const Question& question) {
  std::string ledger = to_text(question.ledger);
  std::replace(ledger.begin(), ledger.end(), '\n', ' ');
  return ledger + (question.is_epsilon_asked ? "epsilon at delta " : "delta at epsilon ") + to_text(question.asked);
}

/// Nothing where the accountant refuses.
std::optional<Bound> answer(const std::string& accountant, const Question& question) {
  SCOPED_TRACE(accountant + ": " + describe(question));
  const double started = cpu_seconds();
  std::optional<Bound> found;
  try {
    const auto asked = make_accountant(accountant);
    found = question.is_epsilon_asked ? asked->epsilon_bound(question.ledger, question.asked)
                                      : asked->delta_bound(question.ledger, question.asked);
  } catch (const UnsupportedEvent&) {
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
  EXPECT_LT(cpu_seconds() - started, kMostSecondsOfAnswer);
  if (!found) return found;
  EXPECT_GE(found->lower, 0);
  EXPECT_LE(found->lower, found->upper);  // neither is nan
  if (!question.is_epsilon_asked) {
    EXPECT_LE(found->upper, 1);
  }
  return found;
}

bool tells_something(const std::optional<Bound>& bound, const Question& question) {
  if (!bound) return false;
  return question.is_epsilon_asked ? std::isfinite(bound->upper) : bound->upper < 1;
}

/// No accountant's bound is below what pld says from below, and best is at most everybody's. Whether pld tells
/// anything.
bool expect_answered(const Question& question) {
  SCOPED_TRACE(describe(question));
  const std::optional<Bound> pld = answer("pld", question);
  std::optional<Bound> best;
  if (wants_all_cases()) best = answer("best", question);
  for (const char* other : {"rdp", "zcdp", "gdp"}) {
    const std::optional<Bound> theirs = answer(other, question);
    if (!theirs) continue;
    if (pld) {
      EXPECT_LE(pld->lower, theirs->upper * (1 + 1e-9)) << other;
    }
    if (best) {
      EXPECT_LE(best->upper, theirs->upper * (1 + 1e-9)) << other;
    }
  }
  return tells_something(pld, question);
}

/// Of the questions at least this share has an answer that tells something: to refuse all, or to say infinity, would be
/// right, too. A little less than was seen.
struct LeastShare {
  double told;
};

void expect_answered(int few, LeastShare least, const std::function<Question()>& next) {
  const int many = wants_all_cases() ? 100 * few : few;
  int told = 0;
  for (int i = 0; i < many; ++i) told += expect_answered(next()) ? 1 : 0;
  EXPECT_GE(told, least.told * many);
}

Question any_question(ExtremeLedgers& ledgers, int most_entries) {
  const Ledger ledger = ledgers.next(most_entries);
  const bool is_epsilon_asked = ledgers.dice().coin();
  return {ledger, is_epsilon_asked ? ledgers.delta() : ledgers.epsilon(), is_epsilon_asked};
}

TEST(Extremes, OneKindOfEvent) {
  ExtremeLedgers ledgers(1);
  expect_answered(60, {0.35}, [&] { return any_question(ledgers, 1); });
}

TEST(Extremes, SeveralKindsTogether) {
  ExtremeLedgers ledgers(2);
  expect_answered(30, {0.2}, [&] { return any_question(ledgers, 6); });
}

TEST(Extremes, BesideTraining) {
  ExtremeLedgers ledgers(3);
  expect_answered(20, {0.5}, [&] {
    Ledger ledger = ledgers.next(2);
    ledger.append(PoissonSampled{0.01, Gaussian{1}}, 1000);
    return Question{ledger, 1e-5};
  });
}

Bound pld(const Event& event, double delta, std::uint64_t count = 1,
          Neighbours neighbours = Neighbours::add_or_remove_one) {
  return answer("pld", {ledger_of(event, neighbours, count), delta}).value();
}

/// DP-SGD, and such releases.
Bound pld_beside_training(const Event& event, std::uint64_t count = 1) {
  Ledger ledger = ledger_of(PoissonSampled{0.01, Gaussian{1}}, Neighbours::replace_one, 1000);
  ledger.append(event, count);
  return answer("pld", {ledger, 1e-5}).value();
}

TEST(Extremes, ReleasesThatCostNothingAreAnsweredAlone) {
  EXPECT_LE(pld(Laplace{1e300}, 1e-5).upper, 1e-299);
  EXPECT_LE(pld(Laplace{1e300}, 0).upper, 1e-99);
  EXPECT_LE(pld(ExponentialMechanism{1e-300}, 1e-5).upper, 1e-99);
  EXPECT_LE(pld(ExponentialMechanism{1e-30}, 1e-5).upper, 1e-29);
  EXPECT_LE(pld(DiscreteLaplace{1e300, 1}, 1e-5).upper, 1e-99);
  EXPECT_LE(pld(DiscreteGaussian{1e300, 1}, 1e-5).upper, 1e-99);
  EXPECT_LE(pld(Gaussian{1e300}, 1e-5).upper, 1e-99);
  EXPECT_LE(pld(PoissonSampled{1e-300, Gaussian{1}}, 1e-5, 1000).upper, 1e-99);
  EXPECT_LE(pld(PoissonSampled{std::numeric_limits<double>::denorm_min(), Gaussian{1e-3}}, 1e-5, 1000).upper, 1e-99);
}

// What is as good as free costs as good as nothing beside what is not, and no precision.
TEST(Extremes, ReleasesThatCostNothingCostNothingBesideOthers) {
  const Bound alone = pld(PoissonSampled{0.01, Gaussian{1}}, 1e-5, 1000, Neighbours::replace_one);
  const double most = alone.upper * (1 + kRelativeGap);
  for (const Event& event :
       {Event(Laplace{1e300}), Event(Laplace{1e7}), Event(ExponentialMechanism{1e-300}),
        Event(ExponentialMechanism{1e-30}), Event(EpsilonDelta{1e-300, 1e-12}), Event(EpsilonDelta{1e-9, 0}),
        Event(DiscreteLaplace{1e9, 1}), Event(DiscreteGaussian{1e9, 1}), Event(Gaussian{1e300}), Event(Gaussian{1e9}),
        Event(RandomizedResponse{1 - 1e-12, 2}), Event(PoissonSampled{1e-300, Laplace{1}}),
        Event(ZeroConcentrated{1e-20, 0}), Event(SampledWithoutReplacement{1u << 31, 1, Gaussian{100}}),
        Event(Laplace{1e300}), Event(DiscreteGaussian{1e12, 1})}) {
    const Bound both = pld_beside_training(event);
    EXPECT_EQ(both.method, "pld") << to_text(event);
    EXPECT_LE(both.upper, most) << to_text(event);
    EXPECT_GE(both.upper, alone.lower) << to_text(event);
    EXPECT_LE(both.upper - both.lower, kRelativeGap * both.upper) << to_text(event);
  }
  // A chance that is not small beside delta is not as good as free.
  const Bound chance = pld_beside_training(EpsilonDelta{1e-300, 1e-7});
  EXPECT_GT(chance.lower, alone.upper);
  EXPECT_LE(chance.upper, 1.01 * alone.upper);
}

// A thousandth beside 1, where the answer may be wrong by a tenth, is not put on the lattice but added.
TEST(Extremes, WhatIsNearlyFreeIsAddedFromAbove) {
  Ledger ledger = ledger_of(EpsilonDelta{1, 0}, Neighbours::add_or_remove_one);
  ledger.append(EpsilonDelta{0.0005, 0});
  const Bound found = make_accountant("pld", 0.1)->epsilon_bound(ledger, 1e-12);
  EXPECT_GE(found.upper, 1.0005 * (1 - 1e-9));
  EXPECT_LE(found.lower, 1.0005);
  EXPECT_GE(found.lower, 0.99);
}

// What Renyi divergences say of it, at a delta far below, is composed with the rest.
TEST(Extremes, WhatHasNoPairIsComposedWithTheOthers) {
  const Bound alone = pld(PoissonSampled{0.01, Gaussian{1}}, 1e-5, 1000, Neighbours::replace_one);
  double before = alone.upper;
  for (const double rho : {1e-9, 1e-6, 1e-3, 1.0}) {
    Ledger ledger = ledger_of(PoissonSampled{0.01, Gaussian{1}}, Neighbours::replace_one, 1000);
    ledger.append(ZeroConcentrated{rho, 0});
    const Bound both = answer("pld", {ledger, 1e-5}).value();
    EXPECT_GE(both.upper, before * (1 - kRelativeGap)) << rho;
    EXPECT_LE(both.upper, make_accountant("rdp")->epsilon(ledger, 1e-5)) << rho;
    EXPECT_LE(both.lower, alone.upper) << rho;  // it may cost nothing
    EXPECT_GE(both.lower, 0.99 * alone.lower) << rho;
    EXPECT_FALSE(both.notes.empty()) << rho;
    before = both.upper;
  }
}

TEST(Extremes, RoundedLedgersCostNoLess) {
  Dice dice(11);
  for (int i = 0; i < 20; ++i) {
    Ledger ledger(Neighbours::zero_out);
    for (int k = 0; k < 12; ++k) {
      ledger.append(PoissonSampled{dice.logarithmic(0.01, 0.1), Gaussian{dice.logarithmic(1, 5)}}, 5);
      ledger.append(SelfComposed{
          Composed{{Laplace{dice.logarithmic(3, 30)}, EpsilonDelta{0.01, dice.logarithmic(1e-9, 1e-7)}}}, 2});
      ledger.append(BallsAndBins{static_cast<std::uint64_t>(2 + dice.count(100)), Gaussian{3}});
    }
    const Ledger more = events::rounded(ledger, 8, events::Cost::more);
    const Ledger less = events::rounded(ledger, 8, events::Cost::less);
    EXPECT_LT(more.entries().size(), ledger.entries().size());
    const auto rdp = make_accountant("rdp");
    EXPECT_GT(rdp->epsilon(more, 1e-5), rdp->epsilon(ledger, 1e-5));
    EXPECT_LT(rdp->epsilon(less, 1e-5), rdp->epsilon(ledger, 1e-5));
  }
}

TEST(Extremes, ManyKindsOfReleases) {
  for (const bool can_be_taken_together : {true, false}) {
    Ledger ledger(Neighbours::zero_out);
    for (int i = 0; i < 3000; ++i) {
      if (can_be_taken_together) {
        ledger.append(PoissonSampled{0.001 + 1e-6 * i, Gaussian{1 + 1e-3 * i}});
      } else {
        ledger.append(DiscreteGaussian{1000 + 0.37 * i, 10});
      }
    }
    const Bound found = answer("pld", {ledger, 1e-5}).value();
    EXPECT_LE(found.upper, make_accountant("rdp")->epsilon(ledger, 1e-5));
    EXPECT_FALSE(found.notes.empty());
  }
}

TEST(Extremes, LaplaceOfTenMillionIsLikeAGaussianOfThat) {
  for (const Event& event : {Event(Laplace{1e7}), Event(Gaussian{1e7})}) {
    Ledger ledger = ledger_of(PoissonSampled{0.01, Gaussian{0.8}}, Neighbours::add_or_remove_one, 1000);
    ledger.append(event);
    const Bound both = answer("pld", {ledger, 1e-5}).value();
    EXPECT_LE(both.upper - both.lower, kRelativeGap * both.upper) << to_text(event);
  }
}

TEST(Extremes, HugeNoiseBesideUsualNoiseIsFree) {
  Ledger ledger = ledger_of(Gaussian{1}, Neighbours::add_or_remove_one);
  ledger.append(Gaussian{1e300});
  const Bound alone = pld(Gaussian{1}, 1e-5);
  const Bound both = answer("pld", {ledger, 1e-5}).value();
  EXPECT_GE(both.upper, alone.upper * (1 - 1e-9));
  EXPECT_LE(both.upper, alone.upper * (1 + kRelativeGap));
}

TEST(Extremes, AnyNumberOfBins) {
  for (const std::uint64_t bins : {std::uint64_t{1} << 62, std::uint64_t{1} << 63, kMost}) {
    EXPECT_LE(pld(BallsAndBins{bins, Gaussian{1}}, 1e-5).upper, 1e-3);
    EXPECT_LE(pld(BallsAndBins{bins, Gaussian{1}}, 1e-5, 100).upper, 1e-2);
  }
  const Bound few = pld(BallsAndBins{std::uint64_t{1} << 30, Gaussian{1}}, 1e-8);
  const Bound many = pld(BallsAndBins{kMost, Gaussian{1}}, 1e-8);
  EXPECT_GT(few.lower, 0);
  EXPECT_LE(many.upper, few.upper);
}

// Ten standard deviations of 30 of these are 1.6 million integers.
TEST(Extremes, ThirtyDiscreteGaussiansOfWideNoise) {
  const Bound ours = pld(DiscreteGaussian{24000, 24000}, 1e-5, 30);
  const Bound smooth = pld(Gaussian{1}, 1e-5, 30);
  EXPECT_LE(ours.upper - ours.lower, kRelativeGap * ours.upper);
  EXPECT_LE(ours.lower, smooth.upper * (1 + 1e-6));  // on the integers the same to many digits
  EXPECT_GE(ours.upper, smooth.lower * (1 - 1e-6));
  for (const double scale : {10.0, 1000.0, 24000.0, 1e6, 1e9, 1e15, 1e30}) {
    EXPECT_LE(pld(DiscreteGaussian{scale, 1}, 1e-5, 30).upper, pld(Gaussian{scale}, 1e-5, 30).upper * 1.001);
  }
}

TEST(Extremes, DeltasNearOne) {
  for (const double delta : {0.999, 0.9999, 1 - 1e-10, 1 - 0x1p-53}) {
    Ledger ledger = ledger_of(PoissonSampled{0.5, Gaussian{0.4}}, Neighbours::add_or_remove_one, 1000);
    ledger.append(Laplace{0.1}, 50);
    const std::optional<Bound> found = answer("pld", {ledger, delta});
    ASSERT_TRUE(found);
    if (delta < 0.99999) {
      EXPECT_LE(found->upper - found->lower, 1e-2 * found->upper) << delta;
    }
    answer("pld", {ledger_of(PoissonSampled{0.01, Gaussian{0.8}}, Neighbours::add_or_remove_one, 1000), delta});
    answer("pld", {ledger_of(EpsilonDelta{1, 0.1}, Neighbours::replace_one, 100), delta});
    answer("pld", {ledger_of(DiscreteLaplace{0.1, 1}, Neighbours::replace_one, 1000), delta});
  }
}

// At delta 0 epsilon is the largest loss, and pld knows it from both sides.
TEST(Extremes, DeltaZeroIsTheLargestLoss) {
  const Bound laplace = pld(Laplace{1}, 0);
  EXPECT_DOUBLE_EQ(laplace.upper, 1);
  EXPECT_NEAR(laplace.lower, 1, 1e-12);
  const Bound claims = pld(EpsilonDelta{0.5, 0}, 0, 7, Neighbours::replace_one);
  EXPECT_NEAR(claims.upper, 3.5, 1e-12);
  EXPECT_NEAR(claims.lower, 3.5, 1e-12);
  const Bound sampled = pld(PoissonSampled{0.25, Laplace{1}}, 0, 3);
  const double one = std::log1p(0.25 * std::expm1(1.0));
  EXPECT_NEAR(sampled.upper, 3 * one, 1e-9);
  EXPECT_NEAR(sampled.lower, 3 * one, 1e-9);
  EXPECT_EQ(pld(Gaussian{1}, 0).upper, kInfinity);
}

// A chance to tell everything above the delta asked for: nothing holds, from both sides, and the answer says why.
TEST(Extremes, NoEpsilonHoldsBelowTheChanceToTellAll) {
  const Bound found = pld(EpsilonDelta{1, 0.1}, 1e-5, 1, Neighbours::replace_one);
  EXPECT_EQ(found.lower, kInfinity);
  ASSERT_EQ(found.notes.size(), 1u);
  EXPECT_NE(found.notes[0].find("no epsilon holds"), std::string::npos);
  EXPECT_NE(found.notes[0].find("tells everything"), std::string::npos);
  EXPECT_TRUE(std::isfinite(pld(EpsilonDelta{1, 0.1}, 0.11, 1, Neighbours::replace_one).upper));
}

TEST(Extremes, SampledReleasesOfEverythingFailWithTheChanceOfASample) {
  const Event all = PoissonSampled{0.001, EpsilonDelta{0.5, 1}};
  const double chance = 1 - std::pow(0.999, 50);
  EXPECT_EQ(pld(all, 0.99 * chance, 50).lower, kInfinity);
  EXPECT_NEAR(pld(all, 1.01 * chance, 50).upper, 0, 1e-9);
}

// Without noise, or with so little that its square is no double, nothing is certified, but it is not certain that
// nothing holds where a unit may not have been drawn.
TEST(Extremes, WhatIsRarelySampledWithoutNoiseMayHold) {
  for (const double noise : {0.0, 1e-300, 1e-160}) {
    const Event rare = PoissonSampled{1e-9, Gaussian{noise}};
    EXPECT_EQ(pld(rare, 1e-5).lower, 0) << noise;
    EXPECT_EQ(answer("pld", {ledger_of(rare, Neighbours::zero_out), 1, false}).value().lower, 0) << noise;
  }
  EXPECT_EQ(pld(Gaussian{0}, 1e-5).lower, kInfinity);
  EXPECT_EQ(pld(NonPrivate{}, 1e-5).lower, kInfinity);
}

TEST(Extremes, CountsUpToTheLargestOne) {
  EXPECT_LE(pld(Gaussian{1e12}, 1e-5, kMost).upper, pld(Gaussian{2}, 1e-5).upper * 1e6);
  for (const Event& event :
       {Event(Laplace{1e12}), Event(Laplace{1e-3}), Event(PoissonSampled{1e-9, Gaussian{1}}),
        Event(DiscreteGaussian{1e6, 1}), Event(EpsilonDelta{1e-19, 1e-30}), Event(EpsilonDelta{1e300, 0}),
        Event(SelfComposed{SelfComposed{Gaussian{1e300}, kMost}, kMost}),
        Event(TreeAggregation{1e300, {kMost, kMost}})}) {
    answer("pld", {ledger_of(event, Neighbours::add_or_remove_one, kMost), 1e-5});
    answer("rdp", {ledger_of(event, Neighbours::add_or_remove_one, kMost), 1e-5});
    answer("zcdp", {ledger_of(event, Neighbours::add_or_remove_one, kMost), 1e-5});
  }
}

}  // namespace
}  // namespace dpml::pld
