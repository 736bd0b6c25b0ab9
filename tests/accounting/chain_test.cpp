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

Ledger both(Ledger first, const Ledger& second) {
  first.append(second);
  return first;
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
  std::vector<Link> many(10, {kDisjoint, true});
  many.resize(24, {kSame, true});
  expect_error<ConfigError>("150 runs together", [&] { chains_of(many); });
}

TEST(ChainAccountant, IsTheScheduleOnesWhenPlansWereFixedAndAFilterElse) {
  EXPECT_EQ(make_chain_accountant("pld", true)->name(), "pld");
  EXPECT_EQ(make_chain_accountant("pld", false)->name(), "rdp filter");
  EXPECT_EQ(make_chain_accountant("best", false)->name(), "rdp filter");
  EXPECT_EQ(make_chain_accountant("gdp", false)->name(), "gdp filter");
  EXPECT_EQ(make_chain_accountant("zcdp", false)->name(), "zcdp filter");
}

TEST(AdaptiveAccountant, AnswersTheSmallestBudgetThatLetsTheLedgerThrough) {
  const Ledger ledger = both(sgd(0.05, 1.2, 300), ledger_of(Gaussian{20}, 9));
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
  const Ledger ledger = both(ledger_of(Gaussian{3}, 4), ledger_of(Gaussian{1.7}, 1));
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

EarlierRun earlier(InitialWeights origin, Ledger charged, bool fixed = false) {
  return {.record = "r",
          .unit = "one row",
          .accountant = "pld",
          .delta = 1e-6,
          .initial_weights = origin,
          .fixed_in_advance = fixed,
          .charged = std::move(charged)};
}

ChainedRun::Options options_of(std::vector<EarlierRun> runs, InitialWeights origin, bool fixed = false) {
  return {.earlier_runs = std::move(runs),
          .initial_weights = origin,
          .fixed_in_advance = fixed,
          .unit = "one row",
          .neighbours = kNeighbours,
          .accountant = "pld",
          .delta = 1e-5};
}

TEST(ChainedRun, AloneIsWhatItsAccountantSays) {
  const Ledger run = sgd(0.05, 1.2, 300);
  for (const InitialWeights origin : {InitialWeights::random, InitialWeights::public_data}) {
    const ChainedRun chained(options_of({}, origin));
    EXPECT_EQ(chained.guarantee(run).epsilon, make_accountant("pld")->epsilon(run, 1e-5));
    EXPECT_EQ(chained.guarantee(run).accountant, "pld");
    EXPECT_TRUE(chained.claims_of_others().empty());
  }
  EXPECT_TRUE(std::isinf(ChainedRun(options_of({}, InitialWeights::unknown)).guarantee(run).epsilon));
}

TEST(ChainedRun, OnTheSamePeopleAddsUp) {
  const Ledger first = sgd(0.05, 1.2, 300);
  const Ledger second = sgd(0.1, 2, 100);
  const std::vector<EarlierRun> runs{earlier(InitialWeights::random, first)};
  const ChainedRun fixed(options_of(runs, kSame, true));
  EXPECT_EQ(fixed.guarantee(second).epsilon, make_accountant("pld")->epsilon(both(first, second), 1e-5));
  EXPECT_EQ(fixed.guarantee(second).accountant, "pld");
  const ChainedRun adaptive(options_of(runs, kSame));
  EXPECT_EQ(adaptive.guarantee(second).accountant, "rdp filter");
  EXPECT_GT(adaptive.guarantee(second).epsilon, fixed.guarantee(second).epsilon);
  EXPECT_EQ(fixed.guarantee(Ledger(kNeighbours)).epsilon, make_accountant("pld")->epsilon(first, 1e-5))
      << "nothing yet";
  // A plan before it that was made on the way makes the whole chain adaptive.
  const std::vector<EarlierRun> three{earlier(InitialWeights::random, first), earlier(kSame, second, false)};
  EXPECT_EQ(ChainedRun(options_of(three, kSame, true)).guarantee(second).accountant, "rdp filter");
}

TEST(ChainedRun, WhereNothingCanBeClaimedBeforeClaimsNothing) {
  const std::vector<EarlierRun> runs{earlier(InitialWeights::unknown, ledger_of(NonPrivate{}, 1))};
  EXPECT_TRUE(std::isinf(ChainedRun(options_of(runs, kSame)).guarantee(sgd(0.1, 2, 100)).epsilon));
  EXPECT_TRUE(std::isinf(ChainedRun(options_of(runs, kSame, true)).guarantee(sgd(0.1, 2, 100)).epsilon));
  const ChainedRun others(options_of(runs, kDisjoint));
  EXPECT_TRUE(std::isfinite(others.guarantee(sgd(0.1, 2, 100)).epsilon));
  ASSERT_EQ(others.claims_of_others().size(), 1U);
  EXPECT_TRUE(std::isinf(others.claims_of_others()[0].claim.epsilon));
}

TEST(ChainedRun, OnDisjointPeopleKeepsTheClaimsApart) {
  const Ledger first = sgd(0.05, 1.2, 300);
  const Ledger second = sgd(0.1, 2, 100);
  EarlierRun other = earlier(InitialWeights::random, first);
  other.unit = "one patient";
  const ChainedRun chained(options_of({other}, kDisjoint));
  EXPECT_EQ(chained.guarantee(second).epsilon, make_accountant("pld")->epsilon(second, 1e-5));
  const std::vector<ClaimOfOthers> claims = chained.claims_of_others();
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].unit, "one patient");
  EXPECT_EQ(claims[0].claim.delta, 1e-6);
  EXPECT_EQ(claims[0].claim.epsilon, make_accountant("pld")->epsilon(first, 1e-6));
}

TEST(ChainedRun, AfterSeveralGroupsClaimsTheWorstOfThem) {
  const Ledger cheap = sgd(0.05, 5, 10);
  const Ledger dear = sgd(0.05, 1.2, 300);
  const std::vector<EarlierRun> runs{earlier(InitialWeights::random, dear), earlier(kDisjoint, cheap)};
  const ChainedRun chained(options_of(runs, kSame, true));
  ASSERT_EQ(chained.own_chains().size(), 2U);
  EXPECT_EQ(chained.guarantee(cheap).epsilon, make_accountant("pld")->epsilon(both(dear, cheap), 1e-5));
}

TEST(ChainedRun, ThatCannotBeJoinedIsRefused) {
  EarlierRun run = earlier(InitialWeights::random, sgd(0.1, 1, 5));
  run.unit = "one\nperson";
  expect_error<ConfigError>("another unit (\"one\\nperson\", here \"one row\")",
                            [&] { ChainedRun(options_of({run}, kSame)); });
  run = earlier(InitialWeights::random, Ledger(Neighbours::replace_one));
  expect_error<ConfigError>("other neighbours", [&] { ChainedRun(options_of({run}, kSame)); });
  expect_error<ConfigError>("the runs before it are not stated", [] { ChainedRun(options_of({}, kSame)); });
  expect_error<ConfigError>("runs are stated that came before",
                            [&] { ChainedRun(options_of({run}, InitialWeights::public_data)); });
}

}  // namespace
}  // namespace dpml
