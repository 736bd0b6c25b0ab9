// Compositions taken apart by jumps, beside all sums added up one by one.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "dice.h"
#include "dpml/accounting/accountant.h"
#include "oracle.h"
#include "pld/composed_pld.h"
#include "pld/jump_split.h"
#include "schedules.h"

namespace dpml::pld {
namespace {

DiscretePld random_lattice(Dice& dice, double step) {
  DiscretePld lattice{.step = step, .offset = dice.uniform(-1, 1), .nodes = {}};
  double rest = 1;
  std::int64_t index = -dice.below(4);
  for (int nodes = 2 + dice.below(4); nodes > 0; --nodes) {
    const double mass = nodes == 1 ? rest : rest * dice.logarithmic(1e-6, 0.999);
    lattice.nodes.push_back({index, mass});
    rest -= mass;
    index += 1 + dice.below(8);
  }
  lattice.infinite = dice.coin() ? 0 : 1e-9;
  for (DiscretePld::Node& node : lattice.nodes) node.mass *= 1 - lattice.infinite;
  return lattice;
}

/// All sums of losses with their chances, and the chance of the others.
struct Sums {
  double offset = 0;
  double step = 0;
  std::vector<long double> masses{1};  // from the index `first` on
  std::int64_t first = 0;
  long double log_finite = 0;

  void add(const DiscretePld& lattice) {
    const std::int64_t from = lattice.nodes.front().index;
    std::vector<long double> more(masses.size() + static_cast<std::size_t>(lattice.nodes.back().index - from));
    for (const DiscretePld::Node& node : lattice.nodes) {
      for (std::size_t i = 0; i < masses.size(); ++i) {
        more[i + static_cast<std::size_t>(node.index - from)] += masses[i] * node.mass;
      }
    }
    masses = std::move(more);
    first += from;
    log_finite += std::log1p(-static_cast<long double>(lattice.infinite));
    offset += lattice.offset;
    step = lattice.step;
  }
  long double log_delta(double epsilon) const {
    long double sum = -std::expm1(log_finite);
    for (std::size_t i = 0; i < masses.size(); ++i) {
      const long double loss =
          offset + static_cast<long double>(step) * static_cast<long double>(first + static_cast<std::int64_t>(i));
      if (loss > epsilon) sum -= masses[i] * std::expm1(static_cast<long double>(epsilon) - loss);
    }
    return std::log(sum);
  }
};

struct Case {
  std::vector<CountedPlds> phases;
  std::vector<double> counts;
  Sums sums;
};

Case random_case(Dice& dice) {
  Case made;
  const double step = dice.logarithmic(0.05, 1);
  for (int phases = 1 + dice.below(2); phases > 0; --phases) {
    const DiscretePld lattice = random_lattice(dice, step);
    const int count = 1 + dice.below(6);
    for (int i = 0; i < count; ++i) made.sums.add(lattice);
    made.phases.push_back({lattice, lattice, static_cast<double>(count)});
    made.counts.push_back(count);
  }
  return made;
}

// The same lattice from both sides, so the interval is as wide as what is not counted and what is rounded.
TEST(Jumps, SumsTakenApartHoldAllSums) {
  Dice dice(5);
  int narrow = 0;
  for (int i = 0; i < 400; ++i) {
    SCOPED_TRACE("case " + std::to_string(i));
    const Case it = random_case(dice);
    JumpSplit split;
    for (int classes = 1 + dice.below(2); classes > 0; --classes) split.thresholds.push_back(dice.uniform(-1, 6));
    std::sort(split.thresholds.begin(), split.thresholds.end());
    for (std::size_t phase = 0; phase < it.phases.size(); ++phase) split.is_split.push_back(phase == 0 || dice.coin());
    const double most = dice.below(4);
    const double tilt = dice.logarithmic(0.1, 8);
    std::vector<JumpTerm> terms;
    for (const std::vector<double>& jumps : shares_of_jumps(split, it.counts, most)) {
      terms.push_back({jumps, tilt, -60, dice.below(5) > 0});
    }
    WorkBudget budget(1e10);
    const ComposedPld made(it.phases, split, terms, {most, dice.logarithmic(0.1, 8)}, 1e6, budget);
    const double epsilon = dice.uniform(0, 8);
    const auto exact = static_cast<double>(it.sums.log_delta(epsilon));
    const double upper = made.log_delta_upper(epsilon);
    const double lower = made.log_delta_lower(epsilon);
    const double rounding = std::isinf(exact) ? 0 : 1e-12 * (1 + std::fabs(exact));
    EXPECT_GE(upper, exact - rounding);
    EXPECT_LE(lower, exact + rounding);
    narrow += upper - lower < 1e-6 ? 1 : 0;
  }
  EXPECT_GE(narrow, 100);  // where all that matters was counted
}

TEST(Jumps, WhatTheBudgetDoesNotAllowIsBoundedWithoutIt) {
  Dice dice(6);
  for (int i = 0; i < 50; ++i) {
    const Case it = random_case(dice);
    WorkBudget budget(1);
    const ComposedPld made(it.phases, 1, -60, 1e6, budget);
    const double epsilon = dice.uniform(0, 4);
    const auto exact = static_cast<double>(it.sums.log_delta(epsilon));
    const bool is_one_release = it.phases.size() == 1 && it.phases[0].count == 1;
    if (!is_one_release && exact > -100) {
      EXPECT_FALSE(made.has_masses()) << i;
    }
    EXPECT_GE(made.log_delta_upper(epsilon), std::isinf(exact) ? exact : exact - 1e-9) << i;
    EXPECT_LE(made.log_delta_lower(epsilon), exact + 1e-9) << i;
  }
}

TEST(Jumps, TermsAreAllWaysToShareThem) {
  const JumpSplit split{.thresholds = {1, 2}, .is_split = {true, false, true}};
  const std::vector<double> counts{3, 5, 1};
  double ways = 0;
  for (const std::vector<double>& jumps : shares_of_jumps(split, counts, 10)) {
    ways += std::exp(log_ways(counts, split, jumps));
  }
  EXPECT_NEAR(ways, 3 * 3 * 3 * 3, 1e-9);  // each of four releases stays, or jumps in one of two classes
  EXPECT_EQ(how_many_terms(split, 2), 15);
}

// One release decides: q 2.3e-8, noise multiplier 1.57, 152 steps and delta 2e-45 had [5.9e-6, 2.4e-4] when the sum was
// tilted as a whole.
TEST(Jumps, OneReleaseThatDecidesIsAnsweredNarrowly) {
  const PoissonSteps schedule{2.3e-8, 1.57, 152};
  const double delta = 2e-45;
  const Bound found = make_accountant("pld")->epsilon_bound(ledger_of(schedule), delta);
  EXPECT_LE(found.upper - found.lower, 1e-3 * found.upper);
  // At least what one release alone needs.
  EXPECT_GE(std::log(delta), one_release_log_delta(2.3e-8, 1.57, OracleDirection::remove, found.upper));
}

}  // namespace
}  // namespace dpml::pld
