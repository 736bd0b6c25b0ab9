#include <gtest/gtest.h>

#include <numbers>
#include <random>

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/renyi.h"
#include "schedules.h"
#include "short_names.h"

namespace dpml::renyi {
namespace {

constexpr double kSlack = 1e-9;

double epsilon(const Ledger& ledger, double delta) {
  return make_accountant("rdp")->epsilon(ledger, delta);
}
double delta(const Ledger& ledger, double epsilon) {
  return make_accountant("rdp")->delta(ledger, epsilon);
}

/// Ranges wider than anyone trains in.
class RandomSchedules {
 public:
  explicit RandomSchedules(std::uint64_t key) : draw_(key) {}
  PoissonSteps next() {
    const double rate = uniform() < 0.1 ? 1 : std::pow(10, -8 * uniform());
    return {rate, std::pow(10, -0.6 + 2.6 * uniform()), static_cast<std::uint64_t>(std::pow(10, 7 * uniform()))};
  }
  double next_delta() { return std::pow(10, -1 - 15 * uniform()); }

 private:
  double uniform() { return std::uniform_real_distribution<double>(0, 1)(draw_); }
  std::mt19937_64 draw_;
};

std::string describe(const PoissonSteps& schedule) {
  return to_text(ledger_of(schedule).entries()[0].event) + " * " + std::to_string(schedule.steps);
}

/// Canonne, Kamath and Steinke 2020, Proposition 12, at one order.
double epsilon_at_order(const PoissonSteps& schedule, double delta, double order) {
  const Event event = PoissonSampled{schedule.sampling_rate, Gaussian{schedule.noise_multiplier}};
  const double divergence = renyi_divergence(event, Neighbours::zero_out, order) * static_cast<double>(schedule.steps);
  return divergence + std::log1p(-1 / order) - std::log(delta * order) / (order - 1);
}

double normal_tail(double z) {
  return 0.5 * std::erfc(z / std::numbers::sqrt2);
}

/// Balle and Wang 2018: the smallest delta of `steps` Gaussians at epsilon.
double exact_delta_of_gaussians(const PoissonSteps& schedule, double epsilon) {
  const double mu = std::sqrt(static_cast<double>(schedule.steps)) / schedule.noise_multiplier;
  return normal_tail(epsilon / mu - mu / 2) - std::exp(epsilon) * normal_tail(epsilon / mu + mu / 2);
}

/// The smallest delta of one sampled Gaussian at epsilon: mass of the mixture minus exp(epsilon) times that of the
/// plain Gaussian, over all outcomes whose privacy loss is above epsilon; and the same the other way round.
double exact_delta_of_one_step(const PoissonSteps& schedule, double epsilon) {
  const double q = schedule.sampling_rate;
  const double s = schedule.noise_multiplier;
  const double z = s * s * std::log1p(std::expm1(epsilon) / q) + 0.5;
  const double removed = (1 - q - std::exp(epsilon)) * normal_tail(z / s) + q * normal_tail((z - 1) / s);
  const double ratio = 1 + std::expm1(-epsilon) / q;
  if (ratio <= 0) return removed;
  const double y = s * s * std::log(ratio) + 0.5;
  const double added =
      (1 - std::exp(epsilon) * (1 - q)) * normal_tail(-y / s) - std::exp(epsilon) * q * normal_tail((1 - y) / s);
  return std::max(removed, added);
}

TEST(RdpAccountant, FindsTheBestOfAllOrders) {
  RandomSchedules schedules(3);
  int compared = 0;
  for (int i = 0; i < 40; ++i) {
    const PoissonSteps schedule = schedules.next();
    const double delta = schedules.next_delta();
    const Guarantee found = make_accountant("rdp")->guarantee(ledger_of(schedule), delta);
    if (!found.order.has_value() || *found.order < 1.001) continue;  // too near to 1 to be told from it here
    EXPECT_NEAR(found.epsilon / epsilon_at_order(schedule, delta, *found.order), 1, kSlack) << describe(schedule);
    for (int k = 0; k < 600; ++k) {
      const double order = 1 + std::pow(10, -3 + k / 100.0);
      if (order > 1000 * schedule.noise_multiplier) break;
      ASSERT_LE(found.epsilon, epsilon_at_order(schedule, delta, order) * (1 + kSlack)) << describe(schedule) << order;
    }
    ++compared;
  }
  EXPECT_GT(compared, 20);
}

TEST(RdpAccountant, IsNeverBelowTheExactGaussian) {
  RandomSchedules schedules(4);
  for (int i = 0; i < 300; ++i) {
    PoissonSteps schedule = schedules.next();
    schedule.sampling_rate = 1;
    const double delta = schedules.next_delta();
    const double found = epsilon(ledger_of(schedule), delta);
    if (found > 600) continue;  // the exact formula would overflow
    EXPECT_LE(exact_delta_of_gaussians(schedule, found), delta) << describe(schedule);
  }
}

TEST(RdpAccountant, IsNeverBelowTheExactSampledGaussian) {
  RandomSchedules schedules(5);
  std::mt19937_64 draw(6);
  std::uniform_real_distribution<double> exponent(-4, 2);
  for (int i = 0; i < 300; ++i) {
    PoissonSteps schedule = schedules.next();
    if (schedule.sampling_rate == 1) continue;
    schedule.steps = 1;
    const double asked = std::pow(10, exponent(draw));
    EXPECT_LE(exact_delta_of_one_step(schedule, asked), delta(ledger_of(schedule), asked) + 1e-14)
        << describe(schedule) << " epsilon " << asked;
  }
}

TEST(RdpAccountant, FallsWithNoiseAndDeltaAndRisesWithRateAndSteps) {
  RandomSchedules schedules(7);
  for (int i = 0; i < 200; ++i) {
    const PoissonSteps s = schedules.next();
    const double delta = schedules.next_delta();
    const double at = epsilon(ledger_of(s), delta);
    if (at == 0) continue;
    EXPECT_LT(epsilon(ledger_of({s.sampling_rate, 1.001 * s.noise_multiplier, s.steps}), delta), at) << describe(s);
    EXPECT_LT(epsilon(ledger_of({0.999 * s.sampling_rate, s.noise_multiplier, s.steps}), delta), at) << describe(s);
    EXPECT_GT(epsilon(ledger_of({s.sampling_rate, s.noise_multiplier, s.steps + s.steps / 1000 + 1}), delta), at)
        << describe(s);
    EXPECT_LT(epsilon(ledger_of(s), 1.001 * delta), at) << describe(s);
  }
}

TEST(RdpAccountant, GivesBackEpsilonFromItsDelta) {
  RandomSchedules schedules(8);
  for (int i = 0; i < 200; ++i) {
    const PoissonSteps schedule = schedules.next();
    const double asked = schedules.next_delta();
    const double found = epsilon(ledger_of(schedule), asked);
    if (found == 0) continue;
    EXPECT_NEAR(delta(ledger_of(schedule), found) / asked, 1, 1e-5) << describe(schedule);
  }
}

TEST(RdpAccountant, CountsNReleasesAsNTimesOne) {
  const std::vector<Event> events = {Gaussian{20}, PoissonSampled{0.01, Gaussian{1}}, PoissonSampled{1, Gaussian{9}},
                                     PoissonSampled{0.1, PoissonSampled{0.5, Gaussian{2}}}};
  for (const Event& event : events) {
    Ledger counted(Neighbours::add_or_remove_one);
    counted.append(event, 100);
    Ledger apart(Neighbours::add_or_remove_one);
    Ledger single(Neighbours::add_or_remove_one);
    single.append(event);
    for (int i = 0; i < 100; ++i) {
      apart.append(event);
      apart.append(Gaussian{1e9});  // keeps neighbouring entries from being merged
    }
    ASSERT_EQ(apart.entries().size(), 200u);
    EXPECT_NEAR(epsilon(apart, 1e-6) / epsilon(counted, 1e-6), 1, 1e-9) << to_text(event);
    EXPECT_GT(epsilon(counted, 1e-6), 1.2 * epsilon(single, 1e-6)) << to_text(event);
  }
}

TEST(RdpAccountant, DoesNotMindTheOrderOfEntries) {
  const std::vector<LedgerEntry> entries = {
      {PoissonSampled{0.01, Gaussian{1}}, 1000}, {PoissonSampled{0.02, Gaussian{1.5}}, 500}, {Gaussian{30}, 7}};
  Ledger forwards(Neighbours::zero_out);
  Ledger backwards(Neighbours::zero_out);
  for (const LedgerEntry& entry : entries) forwards.append(entry.event, entry.count);
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) backwards.append(entry->event, entry->count);
  EXPECT_NEAR(epsilon(forwards, 1e-5) / epsilon(backwards, 1e-5), 1, 1e-12);
}

TEST(RdpAccountant, TakesTwoPhasesAsTheirSum) {
  Ledger both(Neighbours::add_or_remove_one);
  both.append(PoissonSampled{0.01, Gaussian{1}}, 1000);
  const double first = epsilon(both, 1e-5);
  both.append(PoissonSampled{0.02, Gaussian{1.5}}, 500);
  const double second = epsilon(ledger_of({0.02, 1.5, 500}), 1e-5);
  EXPECT_GT(epsilon(both, 1e-5), std::max(first, second));
  EXPECT_LT(epsilon(both, 1e-5), first + second);
}

TEST(RdpAccountant, GivesZeroForAnEmptyLedger) {
  const Ledger empty(Neighbours::replace_one);
  EXPECT_EQ(epsilon(empty, 0), 0);
  EXPECT_EQ(epsilon(empty, 1e-5), 0);
  EXPECT_EQ(delta(empty, 0), 0);
}

TEST(RdpAccountant, CertifiesNothingWithoutNoise) {
  for (const Event& event : {Event(NonPrivate{}), Event(Gaussian{0}), Event(PoissonSampled{0.01, Gaussian{0}})}) {
    Ledger ledger = ledger_of({0.01, 1, 1000});
    ledger.append(event);
    EXPECT_EQ(epsilon(ledger, 1e-5), kInfinity) << to_text(event);
    EXPECT_EQ(delta(ledger, 1e6), 1) << to_text(event);
    EXPECT_EQ(delta(ledger, kInfinity), 1) << to_text(event);
  }
}

TEST(RdpAccountant, CertifiesNoPureEpsilonForGaussians) {
  EXPECT_EQ(epsilon(ledger_of({0.01, 1, 1}), 0), kInfinity);
  EXPECT_EQ(delta(ledger_of({0.01, 1, 1}), kInfinity), 0);
  EXPECT_FALSE(std::signbit(delta(ledger_of({0.01, 1, 1}), kInfinity))) << "-0 is no probability to print";
  EXPECT_GT(delta(ledger_of({0.01, 1, 1}), 1e100), 0) << "an underflow is not a proof";
}

TEST(RdpAccountant, AnswersInExtremeRegimes) {
  // A tiny delta: epsilon is about sqrt(2 log(1/delta)) / noise.
  EXPECT_NEAR(epsilon(ledger_of({1, 1000, 1}), 1e-300), std::sqrt(2 * 300 * std::log(10)) / 1000, 1e-3);
  // 1e12 steps of noise 1e6 are one of noise 1.
  EXPECT_NEAR(epsilon(ledger_of({1, 1e6, 1'000'000'000'000}), 1e-5), epsilon(ledger_of({1, 1, 1}), 1e-5), 1e-9);
  // A huge epsilon lives at orders next to 1: the divergence of order 1, plus deviations of the privacy loss.
  EXPECT_NEAR(epsilon(ledger_of({1, 1, 1'000'000'000'000}), 1e-5) / (0.5e12 + 1e6 * std::sqrt(2 * std::log(1e5))), 1,
              1e-9);
  // A tiny one: bounded by the total variation, which is below delta.
  EXPECT_EQ(epsilon(ledger_of({1e-9, 1, 1}), 1e-8), 0);
  EXPECT_GT(epsilon(ledger_of({1e-9, 1, 1}), 1e-12), 0);
  EXPECT_LT(epsilon(ledger_of({1e-9, 1, 1}), 1e-12), 1);
  for (double rate : {1e-12, 1e-3, 0.9999999}) {
    for (double noise : {1e-5, 0.1, 1e4, 1e9}) {
      for (std::uint64_t steps : {std::uint64_t{1}, std::uint64_t{1'000'000'000'000}}) {
        for (double delta : {0.9, 1e-5, 1e-300}) {
          const double found = epsilon(ledger_of({rate, noise, steps}), delta);
          EXPECT_TRUE(found >= 0 && found < kInfinity) << describe({rate, noise, steps});
        }
      }
    }
  }
}

TEST(RdpAccountant, DoublesTheDistanceUnderReplaceOne) {
  Ledger replaced(Neighbours::replace_one);
  replaced.append(Gaussian{10}, 3);
  EXPECT_NEAR(epsilon(replaced, 1e-6), epsilon(ledger_of({1, 5, 3}), 1e-6), 1e-9);
  EXPECT_EQ(epsilon(ledger_of({0.1, 2, 9}, Neighbours::zero_out), 1e-6), epsilon(ledger_of({0.1, 2, 9}), 1e-6));
}

TEST(RdpAccountant, NamesTheEventItCannotBound) {
  Ledger ledger(Neighbours::add_or_remove_one);
  ledger.append(SampledWithoutReplacement{100, 10, Gaussian{1}});
  try {
    epsilon(ledger, 1e-5);
    FAIL() << "no bound is known here";
  } catch (const UnsupportedEvent& error) {
    EXPECT_NE(std::string(error.what()).find("sampled_without_replacement { gaussian } under add_or_remove_one"),
              std::string::npos)
        << error.what();
  }
}

TEST(RdpAccountant, RefusesNumbersThatAreNoDeltaOrEpsilon) {
  for (double asked : {-1e-9, 1.0, std::nan("")}) {
    EXPECT_THROW(epsilon(Ledger(Neighbours::zero_out), asked), ConfigError) << asked;
  }
  for (double asked : {-1e-9, std::nan("")}) {
    EXPECT_THROW(delta(Ledger(Neighbours::zero_out), asked), ConfigError) << asked;
  }
}

TEST(RdpAccountant, StatesTheWholeGuarantee) {
  const Ledger ledger = ledger_of({0.01, 1, 10000}, Neighbours::zero_out);
  const Guarantee guarantee = make_accountant("rdp")->guarantee(ledger, 1e-5);
  EXPECT_EQ(guarantee.epsilon, epsilon(ledger, 1e-5));
  EXPECT_EQ(guarantee.delta, 1e-5);
  EXPECT_EQ(guarantee.neighbours, Neighbours::zero_out);
  EXPECT_EQ(guarantee.accountant, "rdp");
  ASSERT_TRUE(guarantee.order.has_value());
  EXPECT_NEAR(*guarantee.order, 4.135065, 1e-4);
}

TEST(Accountants, AreMadeByName) {
  for (const std::string& name : accountant_names()) EXPECT_EQ(make_accountant(name)->name(), name);
  EXPECT_THROW(make_accountant("moments"), ConfigError);
}

TEST(Accountants, NarrowTheirIntervalsAsAsked) {
  const Ledger ledger = ledger_of({0.01, 1, 10000});  // 6.1876942 to 6.1877450, by an independent bracket
  for (const std::string name : {"pld", "best"}) {
    EXPECT_TRUE(has_relative_gap(name));
    for (double gap : {0.1, 1e-2, 1e-3, 1e-4, 1e-6}) {
      const Bound bound = make_accountant(name, gap)->epsilon_bound(ledger, 1e-5);
      EXPECT_LE(bound.upper - bound.lower, gap * bound.upper) << name << " " << gap;
      EXPECT_GE(bound.upper, 6.1876942) << name << " " << gap;
      EXPECT_LE(bound.lower, 6.1877450) << name << " " << gap;
    }
    EXPECT_EQ(make_accountant(name)->epsilon(ledger, 1e-5), make_accountant(name, kRelativeGap)->epsilon(ledger, 1e-5));
  }
  for (const char* name : {"rdp", "gdp", "zcdp"}) EXPECT_FALSE(has_relative_gap(name));
  for (double gap : {0.0, 9e-10, 0.2, -1e-3, std::nan("")}) EXPECT_THROW(make_accountant("pld", gap), ConfigError);
}

}  // namespace
}  // namespace dpml::renyi
