#include "pairs_of_events.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "dpml/accounting/accountant.h"
#include "dpml/base/text.h"

namespace dpml::pld {

namespace {

constexpr double kFurthestMean = 20;  // standard deviations; with more of them Renyi divergences are as good

using Atoms = std::vector<AtomPair::Atom>;

}  // namespace

PairOfEvent exact(std::shared_ptr<const DominatingPair> remove, std::shared_ptr<const DominatingPair> add) {
  return {remove, add, remove, add};
}

PairOfEvent symmetric(std::shared_ptr<const DominatingPair> pair) {
  return exact(pair, pair);
}

PairOfEvent only_from_above(const PairOfEvent& pair) {
  return {pair.remove, pair.add};
}

void refuse_above_largest(double loss) {
  if (loss <= kLargestLoss) return;
  throw UnsupportedEvent("accountant pld: losses of up to " + to_text(loss) + " are too large for a lattice; at most " +
                         to_text(kLargestLoss) + " are possible");
}

PairOfEvent sampled(const SymmetricAtoms& base, double rate) {
  for (const AtomPair::Atom& atom : base.atoms)
    refuse_above_largest(std::max(std::fabs(atom.from), std::fabs(atom.to)));
  if (rate == 1) return symmetric(std::make_shared<AtomPair>(base.atoms, base.ends, base.spacing, base.losses));
  const auto of_remove = [&](double loss) { return std::log1p(rate * std::expm1(loss)); };
  const auto of_add = [&](double loss) { return -std::log1p(rate * std::expm1(-loss)); };
  Atoms remove;
  Atoms add;
  for (const AtomPair::Atom& atom : base.atoms) {
    remove.emplace_back((1 - rate) * atom.p * std::exp(-atom.loss) + rate * atom.p, of_remove(atom.loss),
                        of_remove(atom.from), of_remove(atom.to));
    add.emplace_back(atom.p, of_add(atom.loss), of_add(atom.from), of_add(atom.to));
  }
  // Outcomes that Q never gives, and those that P never gives.
  if (base.ends.infinite > 0) {
    remove.push_back({(1 - rate) * base.ends.infinite, std::log1p(-rate)});
    add.push_back({base.ends.infinite, -std::log1p(-rate)});
  }
  // Cut outcomes count as never given by Q: both of the mirrored tails go with the sampled and the unsampled side.
  const double cut = base.ends.cut_above + base.ends.cut_below;
  return exact(std::make_shared<AtomPair>(std::move(remove), AtomPair::Ends{rate * base.ends.infinite, cut, 0}),
               std::make_shared<AtomPair>(std::move(add), AtomPair::Ends{0, cut, 0}));
}

std::shared_ptr<const MixturePair> mixture_pair(const Components& p, const Components& q, double noise) {
  double furthest = 0;
  for (const auto* side : {&p, &q}) {
    for (const MixturePair::Component& component : *side) furthest = std::max(furthest, std::fabs(component.mean));
  }
  if (furthest > kFurthestMean * noise) {
    throw UnsupportedEvent("accountant pld: noise of " + to_text(noise / furthest) +
                           " times what a unit moves is too little for a lattice");
  }
  return std::make_shared<MixturePair>(p, q, noise);
}

PairOfEvent mixture_against_nothing(const Components& components, double noise) {
  Components mirrored = components;
  for (MixturePair::Component& component : mirrored) component.mean = -component.mean;
  const Components nothing{{0, 1}};
  return exact(mixture_pair(components, nothing, noise), mixture_pair(nothing, mirrored, noise));
}

bool tells_all(const events::OneGaussian& gaussian) {
  return gaussian.square == std::numeric_limits<double>::infinity();
}

bool always_tells_everything(const Event& event) {
  if (const auto* gaussian = event.get_if<Gaussian>()) return gaussian->noise_multiplier == 0;
  if (const auto* claim = event.get_if<EpsilonDelta>()) return claim->delta == 1;
  return event.get_if<NonPrivate>() != nullptr;
}

}  // namespace dpml::pld
