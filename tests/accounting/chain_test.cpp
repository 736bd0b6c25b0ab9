#include "dpml/accounting/chain.h"

#include <chrono>

#include "base/expect_error.h"
#include "dpml/accounting/filter.h"

namespace dpml {
namespace {

constexpr Neighbours kNeighbours = Neighbours::add_or_remove_one;

Ledger ledger_of(const Event& event, std::uint64_t count) {
  Ledger ledger(kNeighbours);
  ledger.append(event, count);
  return ledger;
}

Ledger sgd(double rate, double noise, std::uint64_t steps) {
  return ledger_of(PoissonSampled{rate, Gaussian{noise}}, steps);
}

std::vector<std::vector<std::size_t>> runs_of(const std::vector<Chain>& chains) {
  std::vector<std::vector<std::size_t>> runs;
  for (const Chain& chain : chains) runs.push_back(chain.runs);
  return runs;
}

using Runs = std::vector<std::vector<std::size_t>>;
constexpr InitialWeights kSame = InitialWeights::same_people;
constexpr InitialWeights kDisjoint = InitialWeights::disjoint_people;

TEST(InitialWeights, AreWrittenAndReadByName) {
  for (const InitialWeights origin :
       {InitialWeights::random, InitialWeights::public_data, kSame, kDisjoint, InitialWeights::unknown}) {
    EXPECT_EQ(parse_initial_weights(to_text(origin)), origin);
  }
  expect_error<ConfigError>("\"publ\\nic\" is not known; expected random, public_data",
                            [] { parse_initial_weights("publ\nic"); });
}

TEST(Chains, HoldEveryRunThatAPersonMayBeIn) {
  EXPECT_EQ(runs_of(chains_of(std::vector<Link>{{InitialWeights::random, false}})), (Runs{{0}}));
  EXPECT_EQ(runs_of(chains_of(std::vector<Link>{{InitialWeights::unknown, false}, {kSame, false}})), (Runs{{0, 1}}));
  EXPECT_EQ(runs_of(chains_of(std::vector<Link>{{InitialWeights::random, false}, {kDisjoint, false}})),
            (Runs{{0}, {1}}));
  // A, then B, then people of both: each group pays for its own run and the last.
  EXPECT_EQ(runs_of(chains_of(std::vector<Link>{{InitialWeights::random, false}, {kDisjoint, false}, {kSame, false}})),
            (Runs{{0, 2}, {1, 2}}));
  EXPECT_EQ(runs_of(chains_of(std::vector<Link>{{kSame, false}, {kSame, false}, {kDisjoint, false}})),
            (Runs{{0, 1}, {2}}));
}

TEST(Chains, AreFixedInAdvanceOnlyWhenEveryLinkIs) {
  const auto fixed = [](bool second, bool third) {
    const std::vector<Link> links{{InitialWeights::random, false}, {kSame, second}, {kSame, third}};
    return chains_of(links).at(0).fixed_in_advance;
  };
  EXPECT_TRUE(fixed(true, true));
  EXPECT_FALSE(fixed(false, true));
  EXPECT_FALSE(fixed(true, false));
}

TEST(Chains, ThatCannotBeAreRefused) {
  for (const InitialWeights origin : {InitialWeights::random, InitialWeights::public_data, InitialWeights::unknown}) {
    const std::vector<Link> links{{InitialWeights::random, false}, {origin, false}};
    expect_error<ConfigError>("no run may stand before it", [&] { chains_of(links); });
  }
  expect_error<ConfigError>("66 runs", [] { chains_of(std::vector<Link>(66, {kSame, true})); });
  expect_error<ConfigError>("17 groups", [] { chains_of(std::vector<Link>(17, {kDisjoint, true})); });
}

TEST(Chains, AddUpOnlyUnderTheSameNeighbours) {
  const std::vector<Ledger> two{sgd(0.1, 1, 5), sgd(0.2, 1, 7)};
  EXPECT_EQ(joined(two).releases(), 12U);
  const std::vector<Ledger> mixed{sgd(0.1, 1, 5), Ledger(Neighbours::replace_one)};
  expect_error<ConfigError>("different neighbours", [&] { joined(mixed); });
}

TEST(ChainAccountant, IsTheScheduleOnesWhenPlansWereFixedAndAFilterElse) {
  EXPECT_EQ(make_chain_accountant("pld", true)->name(), "pld");
  EXPECT_EQ(make_chain_accountant("pld", false)->name(), "rdp filter");
  EXPECT_EQ(make_chain_accountant("best", false)->name(), "rdp filter");
  EXPECT_EQ(make_chain_accountant("gdp", false)->name(), "gdp filter");
  EXPECT_EQ(make_chain_accountant("zcdp", false)->name(), "zcdp filter");
}

TEST(AdaptiveAccountant, AnswersTheSmallestBudgetThatLetsTheLedgerThrough) {
  const Ledger ledger = joined(std::vector<Ledger>{sgd(0.05, 1.2, 300), ledger_of(Gaussian{20}, 9)});
  for (const double delta : {1e-3, 1e-5, 1e-9}) {
    const Bound bound = make_adaptive_accountant("rdp filter")->epsilon_bound(ledger, delta);
    const auto allows = [&](double epsilon) {
      AdaptiveFilter filter({epsilon, delta, kNeighbours}, FilterMethod::rdp);
      for (const LedgerEntry& entry : ledger.entries()) {
        if (!filter.allows(entry.event, entry.count)) return false;
        filter.spend(entry.event, entry.count);
      }
      return true;
    };
    EXPECT_TRUE(allows(bound.upper));
    EXPECT_FALSE(allows(bound.upper * (1 - 1e-6)));
    EXPECT_EQ(bound.method, "rdp filter");
    ASSERT_EQ(bound.notes.size(), 1U);
    // A price for adaptivity, but no other planet.
    const double fixed = make_accountant("pld")->epsilon(ledger, delta);
    EXPECT_GT(bound.upper, fixed);
    EXPECT_LT(bound.upper, 2 * fixed);
    EXPECT_NEAR(make_adaptive_accountant("rdp filter")->delta(ledger, bound.upper) / delta, 1, 1e-5);
  }
}

TEST(AdaptiveAccountant, OfGaussiansIsTheExactComposition) {
  const Ledger ledger = joined(std::vector<Ledger>{ledger_of(Gaussian{3}, 4), ledger_of(Gaussian{1.7}, 1)});
  const double filtered = make_adaptive_accountant("gdp filter")->epsilon(ledger, 1e-6);
  const double exact = make_accountant("gdp")->epsilon(ledger, 1e-6);
  EXPECT_NEAR(filtered / exact, 1, 1e-6);
  EXPECT_GE(filtered, exact * (1 - 1e-12));
}

TEST(AdaptiveAccountant, KnowsTheEnds) {
  const auto accountant = make_adaptive_accountant("rdp filter");
  EXPECT_EQ(accountant->epsilon(Ledger(kNeighbours), 1e-5), 0);
  EXPECT_TRUE(std::isinf(accountant->epsilon(ledger_of(NonPrivate{}, 1), 1e-5)));
  EXPECT_TRUE(std::isinf(accountant->epsilon(sgd(0.1, 1, 10), 0)));
  EXPECT_EQ(accountant->delta(ledger_of(NonPrivate{}, 1), 1), 1);
  EXPECT_EQ(accountant->delta(sgd(0.1, 1, 10), 0), 1);
  EXPECT_THROW(make_adaptive_accountant("gdp filter")->epsilon(sgd(0.1, 1, 10), 1e-5), UnsupportedEvent);
  expect_error<ConfigError>("rdp filter", [] { make_adaptive_accountant("pld"); });
}

TEST(AdaptiveAccountant, IsQuick) {
  Ledger ledger(kNeighbours);
  for (int i = 1; i <= 30; ++i) ledger.append(PoissonSampled{0.01 * i, Gaussian{0.5 + 0.1 * i}}, 1000);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_GT(make_adaptive_accountant("rdp filter")->epsilon(ledger, 1e-5), 1);
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 2);
}

}  // namespace
}  // namespace dpml
