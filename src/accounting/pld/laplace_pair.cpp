#include "laplace_pair.h"

#include <algorithm>
#include <cmath>

#include "numerics/rounding.h"

namespace dpml::pld {

namespace {

using numerics::ulps;

constexpr int kProbeCells = 400;
constexpr double kMostCells = 1 << 17;

}  // namespace

LaplacePair::LaplacePair(double noise_multiplier, double distance, double sampling_rate, Direction direction)
    : reach_(distance / noise_multiplier),
      exact_reach_{numerics::divide_down(distance, noise_multiplier), numerics::divide_up(distance, noise_multiplier)},
      sampling_rate_(sampling_rate),
      direction_(direction) {}

Interval LaplacePair::largest_loss() const {
  if (sampling_rate_ == 1) return exact_reach_;
  return {sampled_loss(exact_reach_.lower) * (1 - ulps(8)), sampled_loss(exact_reach_.upper) * (1 + ulps(8))};
}

/// The direction "add" is "remove" with P and Q exchanged, which turns every loss around: what comes in and goes out
/// here are losses of the pair itself, and `loss` of the unsampled pair increases with them.
double LaplacePair::sampled_loss(double loss) const {
  const double q = sampling_rate_;
  if (q == 1) return loss;
  if (direction_ == Direction::add) return -std::log1p(q * std::expm1(-loss));
  return std::log1p(q * std::expm1(loss));
}

double LaplacePair::unsampled_loss(double sampled) const {
  const double q = sampling_rate_;
  if (q == 1) return sampled;
  const double at_end = direction_ == Direction::add ? -sampled : sampled;
  const double ratio = std::expm1(at_end) / q;
  if (!(ratio > -1)) return direction_ == Direction::add ? reach_ : -reach_;
  return direction_ == Direction::add ? -std::log1p(ratio) : std::log1p(ratio);
}

LaplacePair::Piece LaplacePair::sampled(double p, double loss) const {
  const double q = sampling_rate_;
  // "add" keeps P and mixes P into Q; "remove" mixes Q = p exp(-loss) into P.
  const double mass = direction_ == Direction::add || q == 1 ? p : q * p + (1 - q) * p * std::exp(-loss);
  return {mass, sampled_loss(loss)};
}

LaplacePair::Piece LaplacePair::piece(double from, double to) const {
  const double middle = 0.5 * (from + to);
  return sampled(std::exp(0.5 * (middle - reach_)) * std::sinh(0.25 * (to - from)), middle);
}

LossCells LaplacePair::cells(const LossGrid& grid, double) const {
  LossCells made;
  const auto add_atom = [&](double p, double loss) {
    const Piece atom = sampled(p, loss);
    const double place = 2 * (atom.loss - grid.offset) / grid.step;
    const double nearest = std::round(place);
    const auto edge = static_cast<std::int64_t>(nearest);
    if (std::fabs(atom.loss - grid.edge(edge)) <= kOnTheEdge * (std::fabs(atom.loss) + std::fabs(grid.offset))) {
      made.cells.push_back({atom.p, grid.edge(edge), edge, edge});
    } else {
      const auto low = static_cast<std::int64_t>(std::floor(place));
      made.cells.push_back({atom.p, atom.loss, low, low + 1});
    }
  };
  add_atom(0.5 * std::exp(-reach_), -reach_);
  double from = -reach_;
  auto low = static_cast<std::int64_t>(std::floor(2 * (sampled_loss(from) - grid.offset) / grid.step + 1e-9));
  while (from < reach_) {
    const double to = std::clamp(unsampled_loss(grid.edge(low + 1)), from, reach_);
    if (to > from) {
      const Piece made_piece = piece(from, to);
      made.cells.push_back({made_piece.p, made_piece.loss, low, low + 1});
    }
    if (grid.edge(low + 1) >= sampled_loss(reach_)) break;
    from = to;
    ++low;
  }
  add_atom(0.5, reach_);
  return made;
}

DominatingPair::Likeness LaplacePair::likeness() const {
  return {std::fabs(sampled_loss(0.5 * reach_)), std::fabs(sampled_loss(reach_))};
}

double LaplacePair::many_cells(const LossGrid& grid, double) const {
  return 2 * spacing() / grid.step;
}

LossCells LaplacePair::probe(double) const {
  LossCells made;
  const auto add = [&](const Piece& piece) { made.cells.push_back({piece.p, piece.loss, 0, 0}); };
  add(sampled(0.5 * std::exp(-reach_), -reach_));
  for (int i = 0; i < kProbeCells; ++i) {
    add(piece(reach_ * (2.0 * i / kProbeCells - 1), reach_ * (2.0 * (i + 1) / kProbeCells - 1)));
  }
  add(sampled(0.5, reach_));
  return made;
}

double LaplacePair::spacing() const {
  return sampled_loss(reach_) - sampled_loss(-reach_);
}

double LaplacePair::least_step() const {
  return 2 * reach_ / kMostCells;
}

double LaplacePair::smallest_loss() const {
  return sampled_loss(-reach_);
}

}  // namespace dpml::pld
