#include "composed_pld.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "numerics/rounding.h"
#include "renyi/divergence_terms.h"

namespace dpml::pld {

namespace {

using numerics::kInfinity;

constexpr double kCloseEnough = 1e-9;     // of the logarithm of delta
constexpr double kRemainderError = 1e-9;  // of its logarithm, by the rounding of the bound for what is left out
constexpr double kWaysError = 1e-14;      // of the logarithm of a number of ways
constexpr int kMostExtensions = 60;

using Lattice = DiscretePld CountedPlds::*;

/// log P that some release has the loss +infinity.
double log_infinite(const std::vector<CountedPlds>& phases, Lattice lattice) {
  double log_finite = 0;
  for (const CountedPlds& phase : phases) {
    log_finite += phase.count * std::log1p(-std::min(1.0, (phase.*lattice).infinite));
  }
  return log_finite < 0 ? std::log(-std::expm1(log_finite)) : -kInfinity;
}

/// Losses in (from, to].
DiscretePld part_of(const DiscretePld& whole, double from, double to) {
  DiscretePld made{.step = whole.step, .offset = whole.offset, .nodes = {}};
  for (const DiscretePld::Node& node : whole.nodes) {
    const double loss = whole.loss(node.index);
    if (loss > from && loss <= to) made.nodes.push_back(node);
  }
  return made;
}

TiltedComposition one_side(const std::vector<CountedPlds>& phases, TiltedComposition::Side side, const JumpSplit& split,
                           const JumpTerm& term, double most_points, WorkBudget& budget) {
  const Lattice lattice = side == TiltedComposition::Side::above ? &CountedPlds::dominating : &CountedPlds::dominated;
  return {side,
          parts_of(phases, lattice, split, term),
          {.tilt = term.tilt, .log_outside = term.log_outside, .most_points = term.is_counted ? most_points : 0},
          budget};
}

/// log of the tilted mass of one of `count` releases, rounded up so that it is not too small for all of them.
double log_tilted_mass(const DiscretePld& lattice, double count, double tilt) {
  const TiltedPld tilted(lattice, tilt);
  return tilted.cumulant + relative_error(tilted, count, tilt) / count;
}

std::vector<double> counts_of(const std::vector<CountedPlds>& phases) {
  std::vector<double> counts;
  for (const CountedPlds& phase : phases) counts.push_back(phase.count);
  return counts;
}

}  // namespace

std::vector<CountedPld> parts_of(const std::vector<CountedPlds>& phases, DiscretePld CountedPlds::*side,
                                 const JumpSplit& split, const JumpTerm& term) {
  std::vector<CountedPld> parts;
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const DiscretePld& whole = phases[i].*side;
    if (!split.splits(i)) {
      parts.push_back({whole, phases[i].count});
      continue;
    }
    double stays = phases[i].count;
    for (std::size_t c = 0; c < split.classes(); ++c) {
      const double jumps = term.jumps.empty() ? 0 : term.jumps[i * split.classes() + c];
      if (jumps > 0) parts.push_back({part_of(whole, split.from(c), split.to(c)), jumps});
      stays -= jumps;
    }
    if (stays > 0) parts.push_back({part_of(whole, -kInfinity, split.from(0)), stays});
  }
  return parts;
}

double log_ways(const std::vector<double>& counts, const JumpSplit& split, const std::vector<double>& jumps) {
  double sum = 0;
  for (std::size_t k = 0; k < jumps.size(); ++k) {
    const std::size_t phase = k / split.classes();
    double before = 0;
    for (std::size_t j = phase * split.classes(); j < k; ++j) before += jumps[j];
    for (double j = 0; j < jumps[k]; ++j) {
      if (!(counts[phase] > before + j)) return -kInfinity;
      sum += std::log((counts[phase] - before - j) / (j + 1));
    }
  }
  return sum;
}

ComposedPld::ComposedPld(const std::vector<CountedPlds>& phases, const JumpSplit& split,
                         const std::vector<JumpTerm>& terms, const JumpRemainder& remainder, double most_points,
                         WorkBudget& budget)
    : log_infinite_above_(log_infinite(phases, &CountedPlds::dominating)),
      log_infinite_below_(log_infinite(phases, &CountedPlds::dominated)) {
  const std::vector<double> counts = counts_of(phases);
  for (const JumpTerm& term : terms) {
    const double ways = log_ways(counts, split, term.jumps);
    if (ways == -kInfinity) continue;
    terms_.push_back({ways, term.is_counted, term.tilt,
                      one_side(phases, TiltedComposition::Side::above, split, term, most_points, budget),
                      one_side(phases, TiltedComposition::Side::below, split, term, most_points, budget)});
  }
  // With M and r M the tilted masses below the threshold and above it, the product of (M + r M)^count without what has
  // up to k jumps is at most the product of M^count times x^(k + 1) exp(x) / (k + 1)!, x = sum of count r (Taylor).
  if (split.is_split.empty()) return;
  double rest = 0;
  double jumping = 0;  // x
  double most = 0;     // jumps there can be
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const DiscretePld& whole = phases[i].dominating;
    if (!split.splits(i)) {
      rest += phases[i].count * log_tilted_mass(whole, phases[i].count, remainder.tilt);
      continue;
    }
    const double below = log_tilted_mass(part_of(whole, -kInfinity, split.from(0)), phases[i].count, remainder.tilt);
    const double above = log_tilted_mass(part_of(whole, split.from(0), kInfinity), phases[i].count, remainder.tilt);
    if (above == -kInfinity) {
      rest += phases[i].count * below;
      continue;
    }
    rest += phases[i].count * below;
    jumping += phases[i].count * std::exp(above - below);
    most += phases[i].count;
  }
  if (!(most > remainder.jumps)) return;
  remainder_tilt_ = remainder.tilt;
  remainder_constant_ =
      rest + (remainder.jumps + 1) * std::log(jumping) - std::lgamma(remainder.jumps + 2) + jumping + kRemainderError;
  if (std::isnan(remainder_constant_)) remainder_constant_ = kInfinity;
}

ComposedPld::ComposedPld(const std::vector<CountedPlds>& phases, double tilt, double log_outside, double most_points,
                         WorkBudget& budget)
    : ComposedPld(phases, JumpSplit{}, {JumpTerm{{}, tilt, log_outside}}, JumpRemainder{0, 0}, most_points, budget) {}

bool ComposedPld::has_masses() const {
  return std::all_of(terms_.begin(), terms_.end(), [](const Term& term) {
    return !term.is_counted || (term.above.has_masses() && term.below.has_masses());
  });
}

double ComposedPld::wanted_points() const {
  double most = 0;
  for (const Term& term : terms_) {
    if (!term.is_counted) continue;
    if (!term.above.has_masses()) most = std::max(most, term.above.wanted_points());
    if (!term.below.has_masses()) most = std::max(most, term.below.wanted_points());
  }
  return most;
}

ComposedPld::Errors ComposedPld::errors(double epsilon) const {
  const double log_delta = log_delta_from_above(epsilon, false);
  Errors sum{0, 0, std::exp(log_remainder(epsilon) - log_delta)};
  for (const Term& term : terms_) {
    const double log_share = term.log_ways + term.above.log_delta(epsilon, false) - log_delta;
    if (!term.is_counted) {
      sum.bounded += std::exp(log_share);
      continue;
    }
    const TiltedComposition::Errors of_term = term.above.errors(epsilon);
    if (!(of_term.of > 0)) continue;
    sum.outside += std::exp(log_share) * of_term.outside / of_term.of;
    sum.rounding += std::exp(log_share) * of_term.rounding / of_term.of;
  }
  return sum;
}

double ComposedPld::slope(double epsilon) const {
  const double further = epsilon + std::max(0.01 * epsilon, terms_.front().above.step());
  return (log_delta_from_above(epsilon, false) - log_delta_from_above(further, false)) / (further - epsilon);
}

double ComposedPld::log_remainder(double epsilon) const {
  return remainder_constant_ - remainder_tilt_ * epsilon;
}

double ComposedPld::log_delta_from_above(double epsilon, bool is_certain) const {
  renyi::LogSum sum;
  sum.add(log_infinite_above_);
  if (is_certain) sum.add(log_remainder(epsilon));
  for (const Term& term : terms_) {
    if (!is_certain && !term.is_counted) continue;
    sum.add(term.log_ways + kWaysError * (1 + term.log_ways) + term.above.log_delta(epsilon, is_certain));
  }
  return std::min(0.0, sum.log());
}

double ComposedPld::log_delta_lower(double epsilon) const {
  renyi::LogSum sum;
  sum.add(log_infinite_below_);
  for (const Term& term : terms_) {
    if (!term.is_counted) continue;
    sum.add(term.log_ways - kWaysError * (1 + term.log_ways) + term.below.log_delta(epsilon));
  }
  const double log_delta = sum.log();
  return std::isnan(log_delta) ? -kInfinity : std::min(0.0, log_delta);
}

namespace {

enum class Where { before, after };

/// A place where a falling function is within kCloseEnough of 0, or as near as doubles are, on that side of it, given
/// function(from) > 0 >= function(to).
template <class Function>
double crossing(double from, double to, Where side, const Function& function) {
  double at_from = function(from);
  double at_to = function(to);
  for (int i = 0; i < 200; ++i) {
    if (side == Where::after ? at_to >= -kCloseEnough : at_from <= kCloseEnough) break;
    double middle = 0.5 * (from + to);
    // The logarithm of delta is close to a line, so aim at the wanted side of 0; now and then halve, whatever it is.
    if (i % 4 != 3 && std::isfinite(at_from) && std::isfinite(at_to)) {
      const double aim = (side == Where::after ? -0.5 : 0.5) * kCloseEnough;
      middle = from + (to - from) * (at_from - aim) / (at_from - at_to);
    }
    if (!(middle > from && middle < to)) break;
    const double at_middle = function(middle);
    (at_middle > 0 ? from : to) = middle;
    (at_middle > 0 ? at_from : at_to) = at_middle;
  }
  return side == Where::after ? to : from;
}

}  // namespace

double ComposedPld::epsilon_from_above(double log_target, bool is_certain) const {
  if (log_infinite_above_ >= log_target) return kInfinity;
  const auto excess = [&](double epsilon) { return log_delta_from_above(epsilon, is_certain) - log_target; };
  if (excess(0) <= 0) return 0;
  double from = 0;
  double to = 0;
  double least_tilt = is_certain && remainder_constant_ > -kInfinity ? remainder_tilt_ : kInfinity;
  for (const Term& term : terms_) {
    from = std::max(from, term.above.bottom());
    to = std::max(to, term.above.top());
    least_tilt = std::min(least_tilt, term.tilt);
  }
  if (excess(from) <= 0) to = std::exchange(from, 0);
  to = std::max(from, to);
  for (int i = 0; excess(to) > 0; ++i) {  // above the windows delta falls as exp(-tilt * epsilon)
    if (i == kMostExtensions) return kInfinity;
    to += (1 + excess(to)) / least_tilt;
  }
  return crossing(from, to, Where::after, excess);
}

double ComposedPld::epsilon_upper(double log_delta) const {
  return epsilon_from_above(log_delta, true);
}

double ComposedPld::epsilon_guess(double log_delta) const {
  return epsilon_from_above(log_delta, false);
}

double ComposedPld::epsilon_lower(double log_target) const {
  if (log_infinite_below_ > log_target) return kInfinity;
  // What is computed rises before it falls, because errors grow towards small epsilons: search down from the answer.
  double to = epsilon_upper(log_target);
  double down = terms_.front().below.step();
  if (!(to < kInfinity)) to = 0;
  for (const Term& term : terms_) {
    down = std::min(down, 1 / term.tilt);
    if (to == 0) to = std::max(to, term.below.top());
  }
  double from = to;
  for (; !(log_delta_lower(from) > log_target); down *= 2) {
    if (from <= 0) return 0;
    to = from;
    from = std::max(0.0, to - down);
  }
  if (from == to) return from;
  return crossing(from, to, Where::before, [&](double epsilon) { return log_delta_lower(epsilon) - log_target; });
}

}  // namespace dpml::pld
