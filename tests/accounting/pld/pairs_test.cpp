// The cells of each pair of distributions against the densities, in long double: masses under P and Q, edges, cuts.
// Fixed keys; a single miss is a fault.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>

#include "dice.h"
#include "loss_twins.h"
#include "pld/atom_pair.h"
#include "pld/balls_and_bins_pair.h"
#include "pld/direct_sum_pair.h"
#include "pld/laplace_pair.h"
#include "pld/mixture_pair.h"

namespace dpml::pld {
namespace {

using Real = long double;

constexpr Real kPi = std::numbers::pi_v<Real>;
constexpr Real kMassError = 4e-14L;   // of a cell, and
constexpr Real kLossError = 2e-15L;   // of a loss, relative to the largest; tilted_composition.cpp counts both in
constexpr Real kEndError = 1e-9L;     // of the first cell, in steps
constexpr Real kPlaceError = 1e-13L;  // of the end of a cell, in panels of mixture_pair.cpp: mass of the next cell

/// Gauss-Legendre nodes and weights on [-1, 1].
std::vector<std::pair<Real, Real>> legendre(int many) {
  std::vector<std::pair<Real, Real>> made;
  for (int i = 0; i < many; ++i) {
    Real x = std::cos(kPi * (i + 0.75L) / (many + 0.5L));
    Real slope = 0;
    for (int turn = 0; turn < 20; ++turn) {
      Real before = 1;
      Real value = x;
      for (int k = 2; k <= many; ++k) {
        const Real next = ((2 * k - 1) * x * value - (k - 1) * before) / k;
        before = std::exchange(value, next);
      }
      slope = many * (x * value - before) / (x * x - 1);
      x -= value / slope;
    }
    made.emplace_back(x, 2 / ((1 - x * x) * slope * slope));
  }
  return made;
}

Real integral(Real from, Real to, Real scale, const std::function<Real(Real)>& of) {
  static const auto nodes = legendre(10);
  const auto panels = static_cast<int>((to - from) / scale) + 1;
  const Real half = (to - from) / panels / 2;
  Real sum = 0;
  for (int panel = 0; panel < panels; ++panel) {
    for (const auto& [place, weight] : nodes) sum += weight * half * of(from + (2 * panel + 1 + place) * half);
  }
  return sum;
}

Real edge_of(const LossGrid& grid, std::int64_t index) {
  return Real(grid.offset) + 0.5L * grid.step * static_cast<Real>(index);
}

Real largest_loss(const LossCells& cells) {
  return losses_of(cells).largest_loss();
}

/// What any list of cells must be: all of P, each loss inside its cell.
void expect_cells(const LossCells& cells, const LossGrid& grid) {
  ASSERT_FALSE(cells.cells.empty());
  EXPECT_LE(std::fabs(losses_of(cells).p() + cells.cut_above + cells.cut_below - 1), 1e-13L);
  const Real rounding = kLossError * (largest_loss(cells) + std::fabs(Real(grid.offset)));
  for (const LossCell& cell : cells.cells) {
    EXPECT_GT(cell.mass, 0);
    EXPECT_GE(cell.loss, edge_of(grid, cell.low) - rounding);
    EXPECT_LE(cell.loss, edge_of(grid, cell.high) + rounding);
  }
}

using Components = std::vector<MixturePair::Component>;

struct MixtureTwin {
  Components p;
  Components q;
  double noise;

  /// The density of a side over that of N(0, noise^2), less 1.
  Real minus_1(const Components& side, Real x) const {
    Real sum = 0;
    for (const auto& [mean, weight] : side) {
      sum += weight * std::expm1(mean * (x - Real(mean) / 2) / (Real(noise) * noise));
    }
    return sum;
  }
  Real normal(Real x) const { return std::exp(-x * x / (2 * Real(noise) * noise)) / (noise * std::sqrt(2 * kPi)); }
  Real p_density(Real x) const { return normal(x) * (1 + minus_1(p, x)); }
  Real scale(Real x) const {
    return 1 / (std::fabs(x) / (Real(noise) * noise) + 1 / Real(noise) + 1 / Real(noise) / noise);
  }
  Real loss(Real x) const { return std::log1p(minus_1(p, x)) - std::log1p(minus_1(q, x)); }
  /// How far from x the end of a cell may be that is found from its loss in double.
  Real misplaced(Real x) const {
    const Real slope = (loss(x + scale(x) * 1e-6L) - loss(x - scale(x) * 1e-6L)) / (scale(x) * 2e-6L);
    return kPlaceError * scale(x) + 4e-16L * std::fabs(x) + 1e-15L * std::fabs(loss(x)) / slope;
  }
  Real place(Real of_loss) const {
    Real from = -40 * Real(noise) - 5;
    Real to = -from;
    for (int i = 0; i < 80; ++i) {
      const Real middle = (from + to) / 2;
      (loss(middle) > of_loss ? to : from) = middle;
    }
    return from;
  }
};

void expect_cells_of(const MixtureTwin& twin, const LossCells& cells, const LossGrid& grid) {
  expect_cells(cells, grid);
  const Real rounding = kLossError * largest_loss(cells);
  Real to = twin.place(edge_of(grid, cells.cells.front().high));
  // The first and the last cell end where P was cut.
  for (std::size_t i = 1; i + 1 < cells.cells.size(); ++i) {
    const LossCell& cell = cells.cells[i];
    EXPECT_EQ(cells.cells[i - 1].high, cell.low);
    const Real from = std::exchange(to, twin.place(edge_of(grid, cell.high)));
    const Real scale = std::min(twin.scale(from), twin.scale(to)) / 2;
    const Real p = integral(from, to, scale, [&](Real x) { return twin.p_density(x); });
    const Real more = integral(
        from, to, scale, [&](Real x) { return twin.normal(x) * (twin.minus_1(twin.p, x) - twin.minus_1(twin.q, x)); });
    const Real q = integral(from, to, scale, [&](Real x) { return twin.normal(x) * (1 + twin.minus_1(twin.q, x)); });
    const Real loss = more < p / 2 ? -std::log1p(-more / p) : std::log(p / q);
    const Real moved = twin.misplaced(from) * twin.p_density(from) + twin.misplaced(to) * twin.p_density(to);
    const Real width = edge_of(grid, cell.high) - edge_of(grid, cell.low);
    EXPECT_LE(std::fabs(cell.mass - p), kMassError * p + moved) << "cell " << i << " at loss " << cell.loss;
    EXPECT_LE(std::fabs(cell.loss - loss), rounding + moved / p * width) << "cell " << i << " at loss " << cell.loss;
  }
}

MixtureTwin random_mixture(Dice& dice) {
  const double rate = dice.logarithmic(1e-6, 0.999);
  const double mean = dice.uniform(0.1, 1);
  const double noise = dice.logarithmic(0.2, 100);
  switch (dice.below(4)) {
    case 0:
      return {{{0, 1 - rate}, {1, rate}}, {{0, 1}}, noise};
    case 1:
      return {{{0, 1}}, {{0, 1 - rate}, {-1, rate}}, noise};
    case 2:
      return {{{0, 1 - rate}, {1, rate}}, {{0, 1 - rate}, {-1, rate}}, noise};
    default:
      return {{{0, 1 - rate}, {mean, 0.25 * rate}, {1, 0.75 * rate}}, {{0, 1}}, noise};
  }
}

TEST(MixturePair, CellsAreWhatTheDensitiesSay) {
  Dice dice(1);
  for (int i = 0; i < (wants_all_cases() ? 1000 : 12); ++i) {
    const MixtureTwin twin = random_mixture(dice);
    const MixturePair pair(twin.p, twin.q, twin.noise);
    const LossCells probe = pair.probe(1e-12);
    LossGrid grid{.step = (probe.cells.back().loss - probe.cells.front().loss) * dice.logarithmic(1e-2, 0.2)};
    if (dice.coin()) grid.offset = dice.uniform(-1, 1) * grid.step;
    if (dice.coin()) grid.weights[0].tilt = dice.logarithmic(0.1, 10);
    grid.weights[0].log_total = dice.coin() ? -600 : 0;  // no wide cells, or some
    SCOPED_TRACE("case " + std::to_string(i) + ", noise " + std::to_string(twin.noise));
    expect_cells_of(twin, pair.cells(grid, dice.logarithmic(1e-100, 1e-8)), grid);
  }
}

TEST(MixturePair, KeepsTheDigitsOfTinyLosses) {
  const double rate = 1e-8;
  const MixtureTwin twin{{{0, 1 - rate}, {1, rate}}, {{0, 1}}, 300};
  const MixturePair pair(twin.p, twin.q, twin.noise);
  const LossGrid grid{.step = 1e-11, .weights = {{.log_total = -600}}};
  const LossCells cells = pair.cells(grid, 1e-12);
  EXPECT_LT(largest_loss(cells), 1e-9L);
  expect_cells_of(twin, cells, grid);
}

TEST(MixturePair, TellsWhatItCuts) {
  for (const double cut : {1e-3, 1e-6}) {
    for (const double rate : {0.01, 0.9}) {
      const LossCells cells = MixturePair({{0, 1 - rate}, {1, rate}}, {{0, 1}}, 1).cells({.step = 0.01}, cut);
      EXPECT_LE(cells.cut_above, cut);
      EXPECT_LE(cells.cut_below, cut);
      EXPECT_GT(cells.cut_above, 1e-3 * rate * cut);
      EXPECT_GT(cells.cut_below, 1e-3 * (1 - rate) * cut);
      EXPECT_LE(std::fabs(losses_of(cells).p() + cells.cut_above + cells.cut_below - 1), 1e-13L);
    }
  }
}

TEST(LaplacePair, CellsAreWhatTheDensitiesSay) {
  Dice dice(2);
  for (int i = 0; i < (wants_all_cases() ? 1000 : 60); ++i) {
    const double reach = dice.logarithmic(1e-3, 30);
    const double rate = dice.coin() ? 1 : dice.logarithmic(1e-6, 0.999);
    const bool is_add = dice.coin();
    const LaplacePair pair(1 / reach, 1, rate, is_add ? LaplacePair::Direction::add : LaplacePair::Direction::remove);
    LossGrid grid{.step = pair.spacing() / (1 + dice.below(80)), .offset = pair.smallest_loss()};
    if (dice.coin()) grid = {.step = pair.spacing() * dice.logarithmic(1e-2, 3), .offset = dice.uniform(-1, 1)};
    SCOPED_TRACE("case " + std::to_string(i) + ", reach " + std::to_string(reach) + ", rate " + std::to_string(rate));
    const LossCells cells = pair.cells(grid, 0);
    expect_cells(cells, grid);
    const Real distance = 1 / Real(1 / reach);
    // Of the outcome x the unsampled loss is |x| - |x - distance|; "add" exchanges the sides.
    const auto sampled = [&](Real loss) {
      const Real ratio = rate * std::exp(loss) + (1 - Real(rate));
      return ratio < 0.5L ? std::log(ratio) : std::log1p(rate * std::expm1(loss));
    };
    const auto unsampled = [&](Real loss) {
      const Real ratio = std::exp(loss) - (1 - Real(rate));
      if (!(ratio > 0)) return -distance;
      return std::clamp(ratio < rate / 2 ? std::log(ratio / rate) : std::log1p(std::expm1(loss) / rate), -distance,
                        distance);
    };
    Real p = 0;
    Real q = 0;
    for (std::size_t k = 0; k < cells.cells.size(); ++k) {
      const LossCell& cell = cells.cells[k];
      const bool is_first = k == 0;
      const bool is_last = k + 1 == cells.cells.size();
      Real with = 0;  // of Laplace noise around `distance`
      Real without = 0;
      Real moved = 0;
      if (is_first || is_last) {  // the atoms
        const bool is_below = is_first != is_add;
        with = is_below ? std::exp(-distance) / 2 : 0.5L;
        without = is_below ? 0.5L : std::exp(-distance) / 2;
      } else {
        const Real one = unsampled(is_add ? -edge_of(grid, cell.high) : edge_of(grid, cell.low));
        const Real other = unsampled(is_add ? -edge_of(grid, cell.low) : edge_of(grid, cell.high));
        const Real width = (other - one) / 2;
        with = std::exp((one - distance) / 2) * std::expm1(width) / 2;
        without = std::exp(-(other + distance) / 2) * std::expm1(width) / 2;
        // The ends of a cell are differences of what sampling makes nearly equal.
        for (const Real end : {one, other}) {
          const Real misplaced =
              (1e-15L * (1 + std::fabs(Real(grid.offset))) + kEndError * grid.step) * (1 + std::exp(-end) / rate);
          const Real with_density = std::exp((end - distance) / 2) / 4;
          const Real density = std::exp(-(end + distance) / 2) / 4;
          moved += misplaced * (is_add ? density : rate * with_density + (1 - Real(rate)) * density);
        }
      }
      const Real mixed = rate * with + (1 - Real(rate)) * without;
      const Real exact = is_add ? without : mixed;
      const Real loss = sampled(std::log(with / without)) * (is_add ? -1 : 1);
      EXPECT_LE(std::fabs(cell.mass - exact), kMassError * exact + moved) << "cell " << k;
      if (exact > 10 * moved) {
        EXPECT_LE(std::fabs(cell.loss - loss),
                  kLossError * (largest_loss(cells) + distance) + (moved / exact + kEndError) * grid.step)
            << "cell " << k;
      }
      p += cell.mass;
      q += cell.mass * std::exp(-Real(cell.loss));
    }
    EXPECT_LE(std::fabs(p - 1), 1e-13L);
    EXPECT_LE(std::fabs(q - 1), 1e-13L);
    EXPECT_LE(std::fabs(sampled(-distance) * (is_add ? -1 : 1) - cells.cells[is_add ? cells.cells.size() - 1 : 0].loss),
              kLossError * distance);
  }
}

TEST(AtomPair, CellsAreTheAtomsInOrder) {
  const AtomPair pair({{0.5, 2}, {0.125, -1}, {0.25, 0.5}},
                      {.infinite = 0.0625, .cut_above = 0.03125, .cut_below = 0.03125}, 1.5);
  const LossGrid on_edges{.step = 0.5, .offset = -1};
  const LossCells spaced = pair.cells(on_edges, 0);
  expect_cells(spaced, on_edges);
  EXPECT_EQ(spaced.infinite, 0.0625);
  EXPECT_EQ(spaced.cut_above, 0.03125);
  EXPECT_EQ(spaced.cut_below, 0.03125);
  const std::vector<AtomPair::Atom> atoms{{0.125, -1}, {0.25, 0.5}, {0.5, 2}};
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    EXPECT_EQ(spaced.cells[i].mass, atoms[i].p);
    EXPECT_EQ(spaced.cells[i].loss, atoms[i].loss);
    EXPECT_EQ(spaced.cells[i].low, spaced.cells[i].high);
  }
  const LossGrid elsewhere{.step = 0.7, .offset = 0.1};
  const LossCells between = pair.cells(elsewhere, 0);
  expect_cells(between, elsewhere);
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    EXPECT_EQ(between.cells[i].mass, atoms[i].p);
    EXPECT_EQ(between.cells[i].loss, atoms[i].loss);
    EXPECT_EQ(between.cells[i].high - between.cells[i].low, 1);
  }
}

/// In finer cells than anything else here, so good to a millionth.
Real delta_of(const DominatingPair& pair, double epsilon) {
  const LossCells probe = pair.probe(1e-15);
  const LossGrid grid{.step = (probe.cells.back().loss - probe.cells.front().loss) / 4000,
                      .weights = {{.log_total = -600}}};
  return losses_of(pair.cells(grid, 1e-15)).delta(epsilon);
}

TEST(DirectSumPair, DeltaIsTheMeanOfThoseOfItsParts) {
  const auto mixture = std::make_shared<MixturePair>(Components{{0, 0.9}, {1, 0.1}}, Components{{0, 1}}, 1);
  const auto atoms =
      std::make_shared<AtomPair>(std::vector<AtomPair::Atom>{{0.25, -1}, {0.7, 2}}, AtomPair::Ends{.infinite = 0.05});
  const DirectSumPair both({{0.75, mixture}, {0.25, atoms}});
  const LossGrid grid{.step = 0.01, .offset = 0.003};
  const LossCells cells = both.cells(grid, 1e-12);
  expect_cells(cells, grid);
  EXPECT_EQ(cells.cut_below, 0);
  EXPECT_LE(cells.cut_above, 3e-12);
  for (std::size_t i = 1; i < cells.cells.size(); ++i) EXPECT_LE(cells.cells[i - 1].loss, cells.cells[i].loss);
  for (const double epsilon : {-0.5, 0.0, 0.3, 1.0, 1.999, 2.5, 5.0}) {
    const Real mean = 0.75L * delta_of(*mixture, epsilon) + 0.25L * delta_of(*atoms, epsilon);
    EXPECT_LE(relative_difference(delta_of(both, epsilon), mean), 1e-5L) << epsilon;
  }
}

// "add" is "remove" with P and Q exchanged: mass under Q at the negated loss. Where the loss hardly changes along the
// line, the ends of cells are known to a few digits less.
void expect_mirrored(const DominatingPair& remove, const DominatingPair& add, const LossGrid& grid) {
  const LossCells one = remove.cells(grid, 1e-30);
  const LossCells other = add.cells(grid, 1e-30);
  const Real rounding = kLossError * largest_loss(one);
  std::size_t compared = 0;
  // The first and the last cell end where P was cut, which is elsewhere for the other side.
  for (std::size_t i = 1; i + 1 < one.cells.size(); ++i) {
    const LossCell& cell = one.cells[i];
    for (std::size_t k = 1; k + 1 < other.cells.size(); ++k) {
      const LossCell& mirrored = other.cells[k];
      if (mirrored.low != -cell.high || mirrored.high != -cell.low) continue;
      ++compared;
      EXPECT_LE(std::fabs(mirrored.loss + cell.loss), 2 * rounding + 1e-6L * grid.step);
      EXPECT_LE(relative_difference(cell.mass * std::exp(-Real(cell.loss)), mirrored.mass), 1e-5L);
    }
  }
  EXPECT_GT(compared, 50u);
}

TEST(LossPairs, BothDirectionsMirrorOneAnother) {
  for (const double rate : {1e-4, 0.1, 0.9}) {
    for (const double noise : {0.5, 4.0}) {
      const Components with{{0, 1 - rate}, {1, rate}};
      const Components mirrored{{0, 1 - rate}, {-1, rate}};
      const Components nothing{{0, 1}};
      const MixturePair remove(with, nothing, noise);
      const LossCells probe = remove.probe(1e-10);
      const double step = (probe.cells.back().loss - probe.cells.front().loss) / 200;
      SCOPED_TRACE("rate " + std::to_string(rate) + ", noise " + std::to_string(noise));
      const LossGrid grid{.step = step, .weights = {{.log_total = -700}}};
      expect_mirrored(remove, MixturePair(nothing, mirrored, noise), grid);
      const LaplacePair laplace(noise, 1, rate, LaplacePair::Direction::remove);
      expect_mirrored(laplace, LaplacePair(noise, 1, rate, LaplacePair::Direction::add),
                      {.step = laplace.spacing() / 150.5});
    }
  }
}

/// E (Y - least)+ for a log-normal Y with mean 1 whose logarithm has the deviation mu.
Real log_normal_above(Real mu, Real least) {
  if (least <= 0) return 1 - least;
  const Real d = -std::log(least) / mu + mu / 2;
  return std::erfc(-d / std::sqrt(2.0L)) / 2 - least * std::erfc((mu - d) / std::sqrt(2.0L)) / 2;
}

/// E (least - Y)+
Real log_normal_below(Real mu, Real least) {
  if (least <= 0) return 0;
  const Real d = -std::log(least) / mu + mu / 2;
  return least * std::erfc((d - mu) / std::sqrt(2.0L)) / 2 - std::erfc(d / std::sqrt(2.0L)) / 2;
}

/// The mean of `of` over Y, by trapezoids, which converge exponentially.
Real mean_over_y(Real mu, Real step, const std::function<Real(Real)>& of) {
  Real sum = 0;
  for (Real z = -9; z <= 9 + mu; z += step) {
    sum += step * std::exp(-z * z / 2) / std::sqrt(2 * kPi) * of(std::exp(mu * z - mu * mu / 2));
  }
  return sum;
}

// delta of two and three bins by quadrature over all but the last bin, whose part has a closed form.
TEST(BallsAndBinsPairs, BracketsTwoAndThreeBins) {
  for (const double noise : {0.3, 1.0, 2.5}) {
    const Real mu = 1 / Real(noise);
    for (const int bins : noise < 1 ? std::vector{2} : std::vector{2, 3}) {
      const Real step = bins == 2 ? 0.002L : 0.02L;
      const PairOfEvent pairs =
          balls_and_bins_pairs(static_cast<std::uint64_t>(bins), noise, {.step = 0.02, .cut = 1e-10});
      const auto mean_of_others = [&](const std::function<Real(Real)>& of) {
        return mean_over_y(mu, step, [&](Real first) {
          if (bins == 2) return of(first);
          return mean_over_y(mu, step, [&](Real second) { return of(first + second); });
        });
      };
      for (const double epsilon : bins == 2 ? std::vector{0.0, 0.2, 0.6, 1.2} : std::vector{0.3}) {
        SCOPED_TRACE("noise " + std::to_string(noise) + ", bins " + std::to_string(bins) + ", epsilon " +
                     std::to_string(epsilon));
        const Real e = std::exp(Real(epsilon));
        const Real remove = mean_of_others([&](Real sum) { return log_normal_above(mu, bins * e - sum); }) / bins;
        const Real add = mean_of_others([&](Real sum) { return log_normal_below(mu, bins / e - sum); }) * e / bins;
        const auto delta = [&](const std::shared_ptr<const DominatingPair>& pair) {
          const LossCells cells = pair->cells({.step = 0.01}, 0);
          return losses_of(cells).delta(epsilon) + cells.cut_above;
        };
        EXPECT_GE(delta(pairs.remove), remove * (1 - 1e-9L));
        EXPECT_LE(delta(pairs.remove_below), remove * (1 + 1e-9L));
        EXPECT_GE(delta(pairs.add), add * (1 - 1e-9L));
        EXPECT_LE(delta(pairs.add_below), add * (1 + 1e-9L));
        EXPECT_LE(delta(pairs.remove), 1.01L * delta(pairs.remove_below) + 3e-4L);
        EXPECT_LE(delta(pairs.add), 1.01L * delta(pairs.add_below) + 3e-4L);
      }
    }
  }
}

}  // namespace
}  // namespace dpml::pld
