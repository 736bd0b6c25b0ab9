#include "symmetric_atoms.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "discrete_outcomes.h"

namespace dpml::pld {

namespace {

constexpr int kBlock = 16;            // weights in a row from one exponential: their products err by a hundred units
constexpr double kSmoothScale = 1.5;  // from here on, the sum of all weights is nearly an integral

std::vector<AtomPair::Atom> atoms_of(const std::vector<events::DiscreteOutcome>& outcomes) {
  std::vector<AtomPair::Atom> made;
  made.reserve(outcomes.size());
  for (const events::DiscreteOutcome& outcome : outcomes) made.emplace_back(outcome.p, outcome.loss);
  return made;
}

double reach_of(double scale, double cut) {
  return std::ceil(scale * std::sqrt(-2 * std::log(cut))) + 2;
}

/// The sum over all integers z of exp(-z^2 / (2 scale^2)), by Poisson's formula where the scale is not small.
double total_of_gaussian_weights(double scale) {
  if (scale < kSmoothScale) {
    double sum = 1;
    for (int z = 64; z >= 1; --z) sum += 2 * std::exp(-0.5 * (z / scale) * (z / scale));
    return sum;
  }
  const double frequency = 2 * std::numbers::pi * scale;
  double sum = 1;
  for (int k = 3; k >= 1; --k) sum += 2 * std::exp(-0.5 * (k * frequency) * (k * frequency));
  return sum * scale * std::sqrt(2 * std::numbers::pi);
}

}  // namespace

SymmetricAtoms grouped(SymmetricAtoms from, std::size_t most) {
  if (from.atoms.size() <= most) return from;
  SymmetricAtoms made{{}, from.ends, 0};
  const double width = (from.atoms.back().to - from.atoms.front().from) / static_cast<double>(most);
  for (std::size_t i = 0; i < from.atoms.size();) {
    const double first = from.atoms[i].from;
    long double p = 0;
    long double under_q = 0;  // relative to the first loss
    double last = first;
    for (; i < from.atoms.size() && from.atoms[i].to <= first + width; ++i) {
      p += from.atoms[i].p;
      under_q += from.atoms[i].p * std::exp(first - from.atoms[i].loss);
      last = from.atoms[i].to;
    }
    const double loss = first - static_cast<double>(std::log(under_q / p));
    made.atoms.emplace_back(static_cast<double>(p), std::clamp(loss, first, last), first, last);
  }
  return made;
}

SymmetricAtoms pure_atoms(double epsilon) {
  return {atoms_of(events::outcomes_of_pure(epsilon)), {}, 2 * epsilon, AtomPair::Losses::exact};
}

SymmetricAtoms epsilon_delta_atoms(const EpsilonDelta& event) {
  SymmetricAtoms atoms = pure_atoms(event.epsilon);
  for (AtomPair::Atom& atom : atoms.atoms) atom.p *= 1 - event.delta;
  atoms.ends.infinite = event.delta;
  return atoms;
}

SymmetricAtoms randomized_response_atoms(const RandomizedResponse& event) {
  return {atoms_of(events::outcomes_of(event)), {}, events::largest_loss_of(event)};
}

SymmetricAtoms discrete_laplace_atoms(double scale, double distance) {
  return {atoms_of(events::outcomes_of_discrete_laplace(scale, distance)), {}, 2 / scale};
}

double how_many_gaussian_atoms(double scale, double cut) {
  return 2 * reach_of(scale, cut) + 1;
}

SymmetricAtoms discrete_gaussian_atoms(double scale, double distance, double cut) {
  const double reach = reach_of(scale, cut);
  const double square = scale * scale;
  const double total = total_of_gaussian_weights(scale);
  const auto weight = [&](double z) { return std::exp(-0.5 * (z / scale) * (z / scale)); };
  SymmetricAtoms made{{}, {}, distance / square};
  made.atoms.reserve(static_cast<std::size_t>(2 * reach + 1));
  const double more_ratio = std::exp(-1 / square);
  const double in_a_row = scale < kBlock ? 1 : kBlock;
  for (double block = -reach; block <= reach; block += in_a_row) {
    double p = weight(block) / total;
    double ratio = std::exp(-(2 * block + 1) / (2 * square));          // of the next weight to this one
    for (double z = block; z < block + in_a_row && z <= reach; ++z) {  // around the mean of P
      if (p > 0) made.atoms.push_back({p, (2 * z + distance) * distance / (2 * square)});
      p *= ratio;
      ratio *= more_ratio;
    }
  }
  // Beyond the reach every weight is at most exp(-reach / square) of the one before.
  made.ends.cut_above = made.ends.cut_below = weight(reach + 1) / total / -std::expm1(-reach / square);
  return made;
}

}  // namespace dpml::pld
