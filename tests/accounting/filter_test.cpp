#include "dpml/accounting/filter.h"

#include <gtest/gtest.h>

#include <random>

#include "dpml/accounting/analytic_gaussian.h"
#include "schedules.h"

namespace dpml {
namespace {

constexpr Neighbours kNeighbours = Neighbours::add_or_remove_one;

/// Chosen after looking at how much is left: what no fixed schedule does.
Event draw_event(FilterMethod method, double spent_share, std::mt19937_64& draw) {
  std::uniform_real_distribution<double> uniform(0, 1);
  const double noise = std::pow(10, -0.5 + 2 * uniform(draw)) * (spent_share > 0.5 ? 2 : 1);
  if (method == FilterMethod::rdp && uniform(draw) < 0.5)
    return PoissonSampled{0.01 + 0.2 * uniform(draw), Gaussian{noise}};
  if (method != FilterMethod::gdp && uniform(draw) < 0.3) return Laplace{noise};
  return Gaussian{noise};
}

TEST(AdaptiveFilter, NeverLetsMoreThroughThanTheBudget) {
  std::mt19937_64 draw(51);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (FilterMethod method : {FilterMethod::rdp, FilterMethod::zcdp, FilterMethod::gdp}) {
    for (int run = 0; run < 40; ++run) {
      const PrivacyBudget budget{std::pow(10, -1 + 2 * uniform(draw)), std::pow(10, -1 - 9 * uniform(draw)),
                                 kNeighbours};
      AdaptiveFilter filter(budget, method);
      for (int i = 0; i < 60; ++i) {
        const Event event = draw_event(method, filter.spent_share(), draw);
        const std::uint64_t count = 1 + draw() % 3;
        const Ledger before = filter.ledger();
        if (filter.allows(event, count)) {
          filter.spend(event, count);
          EXPECT_EQ(filter.ledger().releases(), before.releases() + count);
        } else {
          EXPECT_THROW(filter.spend(event, count), PrivacyError);
          EXPECT_EQ(filter.ledger(), before);
        }
      }
      EXPECT_LE(filter.spent_share(), 1);
      const char* accountant = method == FilterMethod::gdp ? "gdp" : "rdp";
      EXPECT_LE(make_accountant(accountant)->epsilon(filter.ledger(), budget.delta), budget.epsilon * (1 + 1e-9));
    }
  }
}

TEST(AdaptiveFilter, LetsThroughWhatTheBudgetAllows) {
  const PrivacyBudget budget{2, 1e-6, Neighbours::zero_out};
  // One Gaussian that just fits under gdp, and one that does not.
  const double noise = gaussian_noise_multiplier(2, 1e-6);
  AdaptiveFilter gdp(budget, FilterMethod::gdp);
  EXPECT_TRUE(gdp.allows(Gaussian{noise * (1 + 1e-12)}));
  EXPECT_FALSE(gdp.allows(Gaussian{noise * (1 - 1e-9)}));
  // Gaussians alone: rdp without an order is as good as zcdp, and either as the accountant at its best order.
  for (FilterMethod method : {FilterMethod::rdp, FilterMethod::zcdp}) {
    AdaptiveFilter filter(budget, method);
    std::uint64_t steps = 0;
    for (; filter.allows(Gaussian{100}); ++steps) filter.spend(Gaussian{100});
    Ledger one_more(Neighbours::zero_out);
    one_more.append(Gaussian{100}, steps + 1);
    EXPECT_GT(make_accountant("rdp")->epsilon(one_more, 1e-6), 2 * (1 - 1e-6));
    EXPECT_GT(filter.spent_share(), 0.99);
  }
}

TEST(AdaptiveFilter, StaysOpenForSmallerEventsAfterARefusal) {
  AdaptiveFilter filter({1, 1e-6, kNeighbours}, FilterMethod::zcdp);
  EXPECT_THROW(filter.spend(Gaussian{0.1}), PrivacyError);
  EXPECT_NO_THROW(filter.spend(Gaussian{100}));
  EXPECT_THROW(filter.spend(NonPrivate{}), PrivacyError);
}

TEST(AdaptiveFilter, CountsEachOfManyEvents) {
  AdaptiveFilter once({3, 1e-6, kNeighbours}, FilterMethod::rdp, 8);
  AdaptiveFilter often({3, 1e-6, kNeighbours}, FilterMethod::rdp, 8);
  once.spend(PoissonSampled{0.1, Gaussian{3}}, 50);
  for (int i = 0; i < 50; ++i) often.spend(PoissonSampled{0.1, Gaussian{3}});
  EXPECT_NEAR(once.spent_share(), often.spent_share(), 1e-12);
  EXPECT_EQ(once.ledger(), often.ledger());
}

TEST(AdaptiveFilter, ClaimsItsBudget) {
  AdaptiveFilter filter({3, 1e-6, kNeighbours}, FilterMethod::rdp, 8);
  filter.spend(Gaussian{50});
  EXPECT_EQ(filter.guarantee().epsilon, 3) << "what is spent so far may not be claimed";
  EXPECT_EQ(filter.guarantee().delta, 1e-6);
  EXPECT_EQ(filter.guarantee().order, 8);
  EXPECT_EQ(filter.guarantee().neighbours, kNeighbours);
}

TEST(AdaptiveFilter, RefusesWhatItCannotAddUp) {
  AdaptiveFilter rdp({3, 1e-6, kNeighbours}, FilterMethod::rdp);
  AdaptiveFilter zcdp({3, 1e-6, kNeighbours}, FilterMethod::zcdp);
  AdaptiveFilter gdp({3, 1e-6, kNeighbours}, FilterMethod::gdp);
  EXPECT_THROW(rdp.allows(EpsilonDelta{0.1, 1e-9}), UnsupportedEvent);
  EXPECT_THROW(zcdp.allows(EpsilonDelta{0.1, 1e-9}), UnsupportedEvent);
  EXPECT_TRUE(rdp.allows(EpsilonDelta{0.1, 0}));
  EXPECT_THROW(zcdp.allows(PoissonSampled{0.1, Gaussian{1}}), UnsupportedEvent);
  EXPECT_THROW(gdp.allows(PoissonSampled{0.1, Gaussian{1}}), UnsupportedEvent);
  EXPECT_THROW(gdp.allows(Laplace{1}), UnsupportedEvent);
}

TEST(AdaptiveFilter, RefusesBudgetsThatAreNone) {
  EXPECT_THROW(AdaptiveFilter({0, 1e-6, kNeighbours}, FilterMethod::rdp), ConfigError);
  EXPECT_THROW(AdaptiveFilter({1, 0, kNeighbours}, FilterMethod::rdp), ConfigError);
  EXPECT_THROW(AdaptiveFilter({1, 1e-6, kNeighbours}, FilterMethod::rdp, 1.0), ConfigError);
  EXPECT_THROW(AdaptiveFilter({1, 1e-6, kNeighbours}, FilterMethod::zcdp, 8.0), ConfigError);
  EXPECT_THROW(AdaptiveFilter({1, 1e-6, kNeighbours}, FilterMethod::rdp, 2.0), ConfigError) << "leaves no room";
}

TEST(FixedSchedule, LetsExactlyThePlanThroughInOrder) {
  Ledger plan(kNeighbours);
  plan.append(PoissonSampled{0.01, Gaussian{1}}, 3);
  plan.append(PoissonSampled{0.01, Gaussian{0.9}}, 2);
  FixedSchedule schedule(plan, *make_accountant("pld"), 5, 1e-5);
  EXPECT_FALSE(schedule.allows(PoissonSampled{0.01, Gaussian{0.9}})) << "too early";
  EXPECT_THROW(schedule.spend(PoissonSampled{0.01, Gaussian{1.1}}), PrivacyError) << "cheaper, but not planned";
  for (int i = 0; i < 3; ++i) schedule.spend(PoissonSampled{0.01, Gaussian{1}});
  EXPECT_THROW(schedule.spend(PoissonSampled{0.01, Gaussian{1}}), PrivacyError);
  EXPECT_EQ(schedule.remaining(), 2u);
  for (int i = 0; i < 2; ++i) schedule.spend(PoissonSampled{0.01, Gaussian{0.9}});
  EXPECT_EQ(schedule.ledger(), plan);
  EXPECT_THROW(schedule.spend(PoissonSampled{0.01, Gaussian{0.9}}), PrivacyError);
  EXPECT_EQ(schedule.guarantee().epsilon, make_accountant("pld")->epsilon(plan, 1e-5));
}

TEST(FixedSchedule, RefusesAPlanAboveTheBudgetBeforeItBegins) {
  EXPECT_THROW(FixedSchedule(ledger_of({0.01, 1, 1000}), *make_accountant("rdp"), 1, 1e-5), PrivacyError);
  EXPECT_NO_THROW(FixedSchedule(ledger_of({0.01, 1, 1000}), *make_accountant("rdp"), 10, 1e-5));
}

}  // namespace
}  // namespace dpml
