#include "dpml/accounting/group.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "schedules.h"

namespace dpml {
namespace {

constexpr Neighbours kNeighbours = Neighbours::add_or_remove_one;

TEST(Group, ConvertsAnyClaim) {
  const Guarantee one{.epsilon = 0.5, .delta = 1e-6, .neighbours = kNeighbours, .accountant = "rdp"};
  const Guarantee three = guarantee_for_group(one, 3);
  EXPECT_NEAR(three.epsilon, 1.5, 1e-14);
  // (e^1.5 - 1) / (e^0.5 - 1) = 1 + e^0.5 + e.
  EXPECT_NEAR(three.delta / 1e-6, 1 + std::exp(0.5) + std::exp(1.0), 1e-12);
  EXPECT_GE(three.delta, 1e-6 * (1 + std::exp(0.5) + std::exp(1.0)));
  EXPECT_TRUE(std::isinf(guarantee_for_group(one, 100).epsilon)) << "delta would be above 1";
  EXPECT_EQ(guarantee_for_group(one, 1).epsilon, 0.5);
  EXPECT_THROW(guarantee_for_group(one, 0), ConfigError);
}

TEST(Group, MovesAddedNoiseFurther) {
  const auto four = [](const Event& event, Neighbours neighbours = kNeighbours) {
    return event_for_group(event, neighbours, 4);
  };
  EXPECT_NEAR(four(Gaussian{2}).get_if<Gaussian>()->noise_multiplier, 0.5, 1e-15);
  EXPECT_NEAR(four(Laplace{2}).get_if<Laplace>()->noise_multiplier, 0.5, 1e-15);
  EXPECT_EQ(four(DiscreteGaussian{3, 2}), Event(DiscreteGaussian{3, 8}));
  EXPECT_EQ(four(DiscreteLaplace{3, 2}), Event(DiscreteLaplace{3, 8}));
  EXPECT_NEAR(four(ExponentialMechanism{0.25}).get_if<ExponentialMechanism>()->epsilon, 1, 1e-14);
  EXPECT_NEAR(four(ZeroConcentrated{0.25}).get_if<ZeroConcentrated>()->rho, 4, 1e-14);
  EXPECT_EQ(four(RandomizedResponse{0.5, 3}, Neighbours::replace_one),
            Event(SelfComposed{RandomizedResponse{0.5, 3}, 4}));
  EXPECT_EQ(four(SelfComposed{NonPrivate{}, 7}), Event(SelfComposed{NonPrivate{}, 7}));
  EXPECT_EQ(event_for_group(BallsAndBins{5, Gaussian{1}}, kNeighbours, 1), Event(BallsAndBins{5, Gaussian{1}}));
}

TEST(Group, OfAPoissonSampleIsABinomialMixture) {
  const Event event = event_for_group(PoissonSampled{0.25, Gaussian{2}}, kNeighbours, 2);
  const auto* mixture = event.get_if<MixtureOfGaussians>();
  ASSERT_NE(mixture, nullptr);
  EXPECT_EQ(mixture->noise_multiplier, 2);
  ASSERT_EQ(mixture->components.size(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(mixture->components[static_cast<std::size_t>(i)].sensitivity, i);
  EXPECT_NEAR(mixture->components[0].probability, 0.5625, 1e-14);
  EXPECT_NEAR(mixture->components[1].probability, 0.375, 1e-14);
  EXPECT_NEAR(mixture->components[2].probability, 0.0625, 1e-14);
  EXPECT_NO_THROW(event_for_group(PoissonSampled{1e-9, Gaussian{2}}, kNeighbours, 1000)) << "chances below 1e-308";
}

TEST(Group, InEventsIsTighterThanTheConvertedClaim) {
  const std::unique_ptr<Accountant> rdp = make_accountant("rdp");
  const Ledger rows = ledger_of({0.01, 1, 100});
  const Ledger users = ledger_for_group(rows, 3);
  EXPECT_EQ(users.releases(), 100u);
  const Guarantee converted = guarantee_for_group(rdp->guarantee(rows, 1e-8), 3);
  const double direct = rdp->epsilon(users, converted.delta);
  EXPECT_LT(direct, 0.9 * converted.epsilon);
  EXPECT_GT(direct, rdp->epsilon(rows, converted.delta));
}

bool tells(const std::vector<std::string>& notes, const std::string& part) {
  return std::any_of(notes.begin(), notes.end(),
                     [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

TEST(Group, IsAccountedEventByEventWhereThatIsKnown) {
  const std::unique_ptr<Accountant> rdp = make_accountant("rdp");
  const Ledger rows = ledger_of({0.01, 1, 100});
  const Ledger users = ledger_for_group(rows, 3);
  const Guarantee guarantee = guarantee_for_group(*rdp, rows, 1e-5, 3);
  EXPECT_EQ(guarantee.epsilon, rdp->epsilon(users, 1e-5));
  EXPECT_TRUE(tells(guarantee.notes, "groups of up to 3 units, accounted event by event"));
  const Bound delta = delta_bound_for_group(*rdp, rows, 2, 3);
  EXPECT_EQ(delta.upper, rdp->delta(users, 2));
  EXPECT_TRUE(tells(delta.notes, "event by event"));
}

TEST(Group, OfOneIsTheAccountantsOwnAnswer) {
  const std::unique_ptr<Accountant> rdp = make_accountant("rdp");
  const Ledger rows = ledger_of({0.01, 1, 100});
  EXPECT_EQ(guarantee_for_group(*rdp, rows, 1e-5, 1).epsilon, rdp->epsilon(rows, 1e-5));
  EXPECT_EQ(delta_bound_for_group(*rdp, rows, 1, 1).upper, rdp->delta(rows, 1));
  EXPECT_TRUE(guarantee_for_group(*rdp, rows, 1e-5, 1).notes.empty());
}

TEST(Group, IsConvertedWhereNoEventIsKnownAndSaysSo) {
  const std::unique_ptr<Accountant> rdp = make_accountant("rdp");
  const Ledger rows = ledger_of({0.01, 2, 100}, Neighbours::replace_one);
  const Guarantee guarantee = guarantee_for_group(*rdp, rows, 1e-5, 3);
  EXPECT_EQ(guarantee.delta, 1e-5);
  EXPECT_GE(guarantee.epsilon, 3 * rdp->epsilon(rows, 1e-5)) << "a smaller delta for one unit costs more";
  EXPECT_TRUE(std::isfinite(guarantee.epsilon));
  EXPECT_TRUE(tells(guarantee.notes, "by the general conversion, since event by event is not possible: "));
  // What is claimed at that epsilon is no more than what was asked for.
  EXPECT_LE(delta_bound_for_group(*rdp, rows, guarantee.epsilon, 3).upper, 1e-5);
}

TEST(Group, LosesNoMoreFromBelowThanOneUnitDoesWhereAClaimSaysWhatItLoses) {
  const std::unique_ptr<Accountant> pld = make_accountant("pld");
  Ledger rows = ledger_of({0.01, 1, 100});
  rows.append(SelfComposed{EpsilonDelta{0.1, 1e-7}, 3});
  const Guarantee one = pld->guarantee(rows, 1e-5);
  const Guarantee five = guarantee_for_group(*pld, rows, 1e-5, 5);
  EXPECT_TRUE(tells(five.notes, "event by event"));
  EXPECT_GT(one.epsilon_lower, 0.1);
  EXPECT_LE(five.epsilon_lower, one.epsilon_lower) << "nobody claims that five units lose more than one";
  EXPECT_GT(five.epsilon, 3 * one.epsilon);
  EXPECT_LE(delta_bound_for_group(*pld, rows, 1, 5).lower, pld->delta_bound(rows, 1).lower);
  EXPECT_GT(delta_bound_for_group(*pld, rows, 0.3, 5).lower, 0);
}

TEST(Group, OfAClaimThatOverflowsIsNotToldToBeUnprotected) {
  const std::unique_ptr<Accountant> pld = make_accountant("pld");
  Ledger rows(kNeighbours);
  rows.append(EpsilonDelta{1e300, 0});
  const Guarantee many = guarantee_for_group(*pld, rows, 1e-5, 1'000'000'000);
  EXPECT_TRUE(std::isinf(many.epsilon));
  EXPECT_TRUE(std::isfinite(many.epsilon_lower));
}

TEST(Group, KeepsTheLowerEndOfMechanisms) {
  const std::unique_ptr<Accountant> pld = make_accountant("pld");
  const Ledger rows = ledger_of({0.01, 1, 100});
  EXPECT_EQ(guarantee_for_group(*pld, rows, 1e-5, 3).epsilon_lower,
            pld->guarantee(ledger_for_group(rows, 3), 1e-5).epsilon_lower);
}

TEST(Group, ConvertedHasTheDeltaFromBelowOfOneUnitAtTheSameEpsilon) {
  const std::unique_ptr<Accountant> pld = make_accountant("pld");
  const Ledger rows = ledger_of({0.01, 1, 100}, Neighbours::replace_one);
  const Bound three = delta_bound_for_group(*pld, rows, 1, 3);
  EXPECT_TRUE(tells(three.notes, "by the general conversion"));
  EXPECT_EQ(three.lower, pld->delta_bound(rows, 1).lower);
  EXPECT_GT(three.lower, 0);
}

/// Knows what one unit loses and makes a mistake with groups.
class MistakenAccountant final : public Accountant {
 public:
  std::string_view name() const override { return "mistaken"; }

 private:
  Bound find_epsilon(const Ledger& ledger, double) const override { return find_delta(ledger, 1); }
  Bound find_delta(const Ledger& ledger, double) const override {
    if (ledger.entries()[0].event.get_if<PoissonSampled>() == nullptr) throw InternalError("a mistake of our own");
    return {.upper = 1e-9, .method = "mistaken"};
  }
};

TEST(Group, DoesNotTakeAMistakeOfOurOwnForAnEventThatIsNotKnown) {
  try {
    guarantee_for_group(MistakenAccountant(), ledger_of({0.01, 1, 100}), 1e-5, 3);
    FAIL() << "an answer";
  } catch (const InternalError& error) {
    EXPECT_STREQ(error.what(), "a mistake of our own");
  }
}

TEST(Group, OfWhichNothingCanBeSaidIsNotProtected) {
  const std::unique_ptr<Accountant> rdp = make_accountant("rdp");
  const Ledger rows = ledger_of({0.5, 0.1, 100}, Neighbours::replace_one);
  EXPECT_EQ(delta_bound_for_group(*rdp, rows, 1e-3, 1000).upper, 1);
  EXPECT_THROW(guarantee_for_group(*rdp, rows, 1e-5, 0), ConfigError);
}

TEST(Group, RefusesByNameWhatItDoesNotKnow) {
  const auto refused = [](const Event& event, Neighbours neighbours = kNeighbours) {
    EXPECT_THROW(event_for_group(event, neighbours, 2), UnsupportedEvent) << to_text(event);
  };
  refused(PoissonSampled{0.1, Gaussian{1}}, Neighbours::replace_one);
  refused(PoissonSampled{0.1, Laplace{1}});
  refused(Shuffled{10, Gaussian{1}});
  refused(BallsAndBins{10, Gaussian{1}});
  refused(SampledWithoutReplacement{10, 2, Gaussian{1}}, Neighbours::replace_one);
  refused(TruncatedPoissonSampled{10, 0.2, 5, Gaussian{1}});
  refused(RepeatAndSelect{Gaussian{1}, 3, 1});
  refused(MixtureOfGaussians{1, {{1, 1}}});
  refused(ZeroConcentrated{1, 0.5});
  EXPECT_THROW(event_for_group(Gaussian{1}, kNeighbours, 0), ConfigError);
  EXPECT_THROW(event_for_group(DiscreteGaussian{1, std::uint64_t{1} << 31}, kNeighbours, 2), ConfigError);
  EXPECT_THROW(event_for_group(PoissonSampled{0.1, Gaussian{1}}, kNeighbours, 100'000), ConfigError);
}

}  // namespace
}  // namespace dpml
