// A pair on a lattice is never better than the cells from above, and never worse from below: at every epsilon, for
// cells of pairs and for cells that no pair has. Fixed keys; a single miss is a fault.

#include "pld/discrete_pld.h"

#include <gtest/gtest.h>

#include <cmath>

#include "dice.h"
#include "loss_twins.h"
#include "pld/composed_pld.h"
#include "pld/mixture_pair.h"

namespace dpml::pld {
namespace {

constexpr long double kMassError = 1e-13L;  // relative, of sums of thousands of roundings
constexpr long double kLossError = 2e-15L;  // of a loss, relative to the largest; tilted_composition.cpp counts it in

struct Shape {
  double front = 1;  ///< mass of the first cell, compared with others
  double back = 1;
  bool has_cuts = false;
  bool has_atoms = false;
};

/// Up to 80 cells in a row on a grid with any step and offset, some of them wide; masses of any size.
LossCells random_cells(Dice& dice, const LossGrid& grid, const Shape& shape) {
  LossCells made;
  std::int64_t low = dice.below(60) - 45;
  const int many = 1 + dice.below(80);
  for (int i = 0; i < many; ++i) {
    const bool is_atom = shape.has_atoms && dice.below(3) == 0;
    const std::int64_t width = is_atom ? 0 : dice.below(4) > 0 ? 1 : 1 + dice.below(8);
    const double loss = is_atom ? grid.edge(low) : dice.uniform(grid.edge(low), grid.edge(low + width));
    made.cells.push_back({dice.logarithmic(dice.coin() ? 1e-3 : 1e-30, 1), loss, low, low + width});
    low += width + (is_atom || dice.below(5) == 0 ? 1 : 0);
  }
  made.cells.front().mass *= shape.front;
  made.cells.back().mass *= shape.back;
  double sum = 0;
  for (const LossCell& cell : made.cells) sum += cell.mass;
  for (LossCell& cell : made.cells) cell.mass /= sum;
  if (shape.has_cuts) {
    made.infinite = dice.logarithmic(1e-20, 0.1);
    made.cut_above = dice.logarithmic(1e-20, 0.1);
    made.cut_below = dice.logarithmic(1e-20, 0.1);
  }
  return made;
}

LossGrid random_grid(Dice& dice) {
  LossGrid grid{.step = dice.logarithmic(1e-4, 2), .offset = dice.coin() ? 0 : dice.uniform(-10, 10)};
  grid.weights[0].tilt = dice.coin() ? 0 : dice.logarithmic(0.1, 30);
  return grid;
}

/// As far apart as the edges allow, with the same P and Q: the worst pair that the cells may stand for.
TwinLosses spread_to_edges(const LossCells& cells, const LossGrid& grid) {
  TwinLosses made{{}, cells.infinite};
  for (const LossCell& cell : cells.cells) {
    const auto edge = [&](std::int64_t index) {
      return static_cast<long double>(grid.offset) + 0.5L * grid.step * static_cast<long double>(index);
    };
    const long double width = edge(cell.high) - edge(cell.low);
    const long double share = width > 0 ? std::expm1(edge(cell.low) - cell.loss) / std::expm1(-width) : 0;
    made.finite.push_back({(1 - share) * cell.mass, edge(cell.low)});
    made.finite.push_back({share * cell.mass, edge(cell.high)});
  }
  return made;
}

/// Below all losses, above them, at nodes and anywhere.
std::vector<long double> epsilons(Dice& dice, const TwinLosses& of, const LossGrid& grid) {
  const long double first = of.finite.front().loss;
  const long double last = of.finite.back().loss;
  std::vector<long double> made{first - 3 * grid.step, last + 3 * grid.step};
  for (const TwinLoss& one : of.finite) made.push_back(one.loss);
  for (int i = 0; i < 60; ++i) made.push_back(dice.uniform(static_cast<double>(first), static_cast<double>(last)));
  return made;
}

long double widest(const LossCells& cells, const LossGrid& grid) {
  std::int64_t halves = 0;
  for (const LossCell& cell : cells.cells) halves = std::max(halves, cell.high - cell.low);
  return 0.5L * grid.step * static_cast<long double>(halves);
}

/// delta of `smaller` is nowhere above that of `larger`, but for rounding.
void expect_below(Dice& dice, const TwinLosses& smaller, const TwinLosses& larger, const LossGrid& grid,
                  long double widest_cell) {
  const long double reach = widest_cell + 2 * grid.step;
  const long double error = kLossError * std::max(smaller.largest_loss(), larger.largest_loss());
  for (const long double epsilon : epsilons(dice, larger, grid)) {
    const long double below = smaller.delta(epsilon);
    const long double above = larger.delta(epsilon);
    EXPECT_LE(below,
              above * (1 + kMassError) + larger.slack(epsilon, error, reach) + smaller.slack(epsilon, error, reach))
        << "at epsilon " << epsilon << ", step " << grid.step << ", offset " << grid.offset;
  }
}

long double q_of_cut_below(const LossCells& cells, const DiscretePld& lattice, const LossGrid& grid) {
  // It goes to the first node that no cell is below of.
  const long double node = std::ceil(0.5L * static_cast<long double>(cells.cells.front().low));
  return cells.cut_below * std::exp(-(grid.offset + lattice.step * node));
}

void expect_dominating(Dice& dice, const LossCells& cells, const LossGrid& grid) {
  const DiscretePld lattice = dominating_pld(cells, grid);
  const TwinLosses made = losses_of(lattice);
  const TwinLosses of = losses_of(cells);
  const long double p = of.p() + cells.cut_above + cells.cut_below;
  const long double q = of.q() + q_of_cut_below(cells, lattice, grid);
  EXPECT_LE(relative_difference(made.p(), p), kMassError);
  EXPECT_LE(relative_difference(made.q(), q), kMassError + 2 * kLossError * made.largest_loss());
  expect_below(dice, spread_to_edges(cells, grid), made, grid, widest(cells, grid));
  // Wherever the cut outcomes really were.
  TwinLosses with_cut = of;
  with_cut.infinite += cells.cut_above;
  with_cut.finite.insert(with_cut.finite.begin(), {cells.cut_below, grid.edge(cells.cells.front().low)});
  expect_below(dice, with_cut, made, grid, widest(cells, grid));
}

void expect_dominated(Dice& dice, const LossCells& cells, const LossGrid& grid) {
  const DiscretePld lattice = dominated_pld(cells, grid);
  const TwinLosses made = losses_of(lattice);
  const TwinLosses of = losses_of(cells);
  EXPECT_EQ(lattice.infinite, cells.infinite);
  EXPECT_LE(relative_difference(made.p(), of.p()), kMassError);
  EXPECT_GE(made.q() / of.q(), 1 - kMassError - 2 * kLossError * made.largest_loss());
  expect_below(dice, made, of, grid, widest(cells, grid));
}

void expect_nodes_in_order(const DiscretePld& lattice) {
  for (std::size_t i = 0; i < lattice.nodes.size(); ++i) {
    EXPECT_GT(lattice.nodes[i].mass, 0);
    if (i > 0) {
      EXPECT_LT(lattice.nodes[i - 1].index, lattice.nodes[i].index);
    }
  }
}

void expect_bracketed(Dice& dice, const LossCells& cells, const LossGrid& grid) {
  expect_dominating(dice, cells, grid);
  expect_dominated(dice, cells, grid);
  expect_nodes_in_order(dominating_pld(cells, grid));
  expect_nodes_in_order(dominated_pld(cells, grid));
}

TEST(DiscretePld, BracketsRandomCells) {
  Dice dice(1);
  for (int i = 0; i < (wants_all_cases() ? 20000 : 60); ++i) {
    const LossGrid grid = random_grid(dice);
    // The merge starts at the end with more mass.
    const Shape shape{dice.coin() ? 100.0 : 1, dice.coin() ? 100.0 : 1, dice.coin(), dice.coin()};
    const LossCells cells = random_cells(dice, grid, shape);
    SCOPED_TRACE("case " + std::to_string(i) + ", cells " + std::to_string(cells.cells.size()));
    expect_bracketed(dice, cells, grid);
    if (testing::Test::HasFailure()) return;
  }
}

using Components = std::vector<MixturePair::Component>;

TEST(DiscretePld, BracketsMixtures) {
  Dice dice(2);
  for (int i = 0; i < (wants_all_cases() ? 1000 : 4); ++i) {
    const double rate = dice.logarithmic(1e-4, 0.99);
    const double noise = dice.logarithmic(0.3, 30);
    const double mean = dice.uniform(0.2, 1);
    const Components with{{0, 1 - rate}, {mean, 0.5 * rate}, {1, 0.5 * rate}};
    const Components mirrored{{0, 1 - rate}, {-mean, 0.5 * rate}, {-1, 0.5 * rate}};
    const Components without{{0, 1}};
    const bool is_remove = dice.coin();
    const MixturePair pair = is_remove ? MixturePair(with, without, noise) : MixturePair(without, mirrored, noise);
    const LossCells probe = pair.probe(1e-20);
    LossGrid grid = random_grid(dice);
    grid.step = (probe.cells.back().loss - probe.cells.front().loss) * dice.logarithmic(1e-3, 0.5);
    grid.offset = dice.coin() ? 0 : dice.uniform(-1, 1) * grid.step;
    const LossCells cells = pair.cells(grid, dice.logarithmic(1e-60, 1e-6));
    SCOPED_TRACE("rate " + std::to_string(rate) + ", noise " + std::to_string(noise));
    expect_bracketed(dice, cells, grid);
  }
}

TEST(DiscretePld, KeepsWhatLiesOnNodesAsItIs) {
  const LossGrid grid{.step = 0.25, .offset = -0.5};
  const LossCells cells{.cells = {{0.25, -0.5, 0, 0}, {0.5, 0, 4, 4}, {0.25, 0.75, 10, 10}}, .infinite = 0.125};
  for (const DiscretePld& lattice : {dominating_pld(cells, grid), dominated_pld(cells, grid)}) {
    ASSERT_EQ(lattice.nodes.size(), 3u);
    EXPECT_EQ(lattice.infinite, 0.125);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(lattice.nodes[i].mass, cells.cells[i].mass);
      EXPECT_EQ(lattice.loss(lattice.nodes[i].index), cells.cells[i].loss);
    }
  }
}

// A loss that rounding has put outside of its cell: the whole mass goes to the nearest node, not more than it.
TEST(DiscretePld, ClampsWhatRoundingPutOutsideOfItsCell) {
  const LossGrid grid{.step = 0.5};
  for (const double outside : {std::nextafter(0.0, -1.0), std::nextafter(0.5, 1.0)}) {
    const DiscretePld lattice = dominating_pld({.cells = {{1, outside, 0, 2}}}, grid);
    ASSERT_EQ(lattice.nodes.size(), 1u);
    EXPECT_EQ(lattice.nodes[0].mass, 1);
    EXPECT_EQ(lattice.nodes[0].index, outside < 0 ? 0 : 1);
  }
}

TEST(DiscretePld, CountsWhatWasCutAgainstTheBound) {
  const LossGrid grid{.step = 0.5};
  const LossCells cells{.cells = {{0.5, 0.25, 0, 1}}, .cut_above = 0.25, .cut_below = 0.125};
  const DiscretePld above = dominating_pld(cells, grid);
  EXPECT_EQ(above.infinite, 0.25);
  EXPECT_EQ(losses_of(above).p(), 0.875L);
  const DiscretePld below = dominated_pld(cells, grid);
  EXPECT_EQ(below.infinite, 0);
  EXPECT_EQ(losses_of(below).p(), 0.5L);
}

TEST(DiscretePld, NothingIsNothing) {
  const LossCells cells{.cells = {}, .infinite = 0.25};
  for (const DiscretePld& lattice : {dominating_pld(cells, {.step = 1}), dominated_pld(cells, {.step = 1})}) {
    EXPECT_TRUE(lattice.nodes.empty());
    EXPECT_EQ(lattice.infinite, 0.25);
  }
}

double gap(const MixturePair& pair, double step, double tilt, double log_delta) {
  const LossGrid grid{.step = step, .weights = {{.tilt = tilt}}};
  const LossCells cells = pair.cells(grid, 1e-30);
  WorkBudget budget(1e10);
  const ComposedPld made({{dominating_pld(cells, grid), dominated_pld(cells, grid), 500}}, tilt, -60, 1e6, budget);
  return made.epsilon_upper(log_delta) - made.epsilon_lower(log_delta);
}

TEST(DiscretePld, TheGapFallsFourfoldWhenTheStepHalves) {
  const Components with{{0, 0.9}, {1, 0.1}};
  const Components mirrored{{0, 0.9}, {-1, 0.1}};
  const Components without{{0, 1}};
  for (const MixturePair& pair : {MixturePair(with, without, 2), MixturePair(without, mirrored, 2)}) {
    double last = gap(pair, 4e-3, 3.3, std::log(1e-5));
    for (const double step : {2e-3, 1e-3}) {
      const double halved = gap(pair, step, 3.3, std::log(1e-5));
      EXPECT_GT(last / halved, 3.5) << step;
      EXPECT_LT(last / halved, 4.5) << step;
      last = halved;
    }
  }
}

}  // namespace
}  // namespace dpml::pld
