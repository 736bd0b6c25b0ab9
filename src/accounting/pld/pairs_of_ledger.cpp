#include "pairs_of_ledger.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "atom_pair.h"
#include "balls_and_bins_pair.h"
#include "direct_sum_pair.h"
#include "dpml/accounting/accountant.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "event_facts.h"
#include "event_rounding.h"
#include "laplace_pair.h"
#include "leaves.h"
#include "numerics/binomial.h"
#include "numerics/rounding.h"
#include "pairs_of_events.h"
#include "renyi/rdp_accountant.h"
#include "symmetric_atoms.h"
#include "tilted_pld.h"

namespace dpml::pld {

namespace {

// What a ledger may take: with these the ledgers of tests/accounting/pld/extremes_test.cpp are answered within two
// seconds.
constexpr double kMostAtoms = 1e6;            // of one release
constexpr std::size_t kMostRest = 1000;       // kinds without a pair, of which each has a Renyi curve
constexpr std::size_t kMostGroups = 1 << 15;  // of atoms, in one release,
constexpr std::size_t kLeastGroups = 256;
constexpr std::size_t kMostGroupsInAll = 1 << 19;  // and in all kinds of releases
constexpr double kMostAtomsInAll = 2e7;            // to be made; each takes some ten nanoseconds
constexpr double kMostRatioWork = 8e8;             // of one ledger's balls_and_bins, in additions
constexpr double kCoarsestRatioStep = 0.2;         // beyond, the lattice is refused and Renyi divergences answer
constexpr std::uint64_t kMostBins = std::uint64_t{1} << 30;  // more, which cost less, count as so many
constexpr double kLeastEpsilon = 1e-100;                     // of a pair: squares of smaller ones are no doubles
constexpr std::size_t kMostComponents = 256;                 // likewise
constexpr std::size_t kLeastComponents = 8;
constexpr std::size_t kMostComponentsInAll = 4096;
constexpr double kLeastUsualNoise = 1e-50;  // and its inverse: between them squares are numbers

class Collector {
 public:
  Collector(const Ledger& ledger, const PairPrecision& precision)
      : of_ledger_(ledger.neighbours()), neighbours_(of_ledger_), precision_(precision) {
    const std::size_t kinds = std::max<std::size_t>(1, events::count_kinds(ledger).different);
    most_groups_ = std::clamp(kMostGroupsInAll / kinds, kLeastGroups, kMostGroups);
    most_components_ = std::clamp(kMostComponentsInAll / kinds, kLeastComponents, kMostComponents);
  }

  void add(const events::Leaf& leaf) {
    const std::optional<Event> tame = events::tamed(leaf.event);
    const Event& event = tame ? *tame : leaf.event;
    is_tamed_ = tame.has_value();
    is_exact_ = !leaf.is_shuffled && (!tame || event.get_if<EpsilonDelta>() != nullptr);
    if (leaf.is_shuffled) made_.notes = events::shuffling_notes(of_ledger_);
    neighbours_ = leaf.neighbours;
    made_.tells_everything = made_.tells_everything || (!leaf.is_shuffled && always_tells_everything(leaf.event));
    try {
      std::visit([&](const auto& kind) { take(kind, event, leaf.count); }, event.kind());
    } catch (const UnsupportedEvent& refusal) {
      if (rest_.size() >= kMostRest) throw;
      if (rest_.empty()) why_rest_ = refusal.what();
      rest_.push_back({leaf.event, leaf.neighbours, leaf.count});
    }
  }

  PairsOfLedger finish() {
    made_.is_one_gaussian = made_.phases.empty() && rest_.empty();
    for (const bool is_tight : {true, false}) {
      const double square = gaussian_square_[is_tight ? 1 : 0];
      if (square == std::numeric_limits<double>::infinity()) made_.is_non_private = true;
      if (!(square > 0) || made_.is_non_private) continue;
      const double half_mean = 0.5 * std::sqrt(square);
      const Components p{{half_mean, 1}};
      const Components q{{-half_mean, 1}};
      // Alone it is exact, and no lattice is needed.
      const auto pair = made_.is_one_gaussian ? std::make_shared<const MixturePair>(p, q, 1) : mixture_pair(p, q, 1);
      made_.phases.push_back({is_tight ? symmetric(pair) : only_from_above(symmetric(pair)), 1});
    }
    made_.is_one_gaussian = made_.is_one_gaussian && !made_.phases.empty();
    if (!rest_.empty() && !made_.is_non_private) add_rest();
    return std::move(made_);
  }

 private:
  double distance() const { return events::contribution_distance(neighbours_); }

  /// What pairs may leave out of one of `count` releases.
  double cut_of(double count) const { return std::exp(std::max(kLeastLogCut, precision_.log_cut - std::log(count))); }

  [[noreturn]] void refuse(const std::string& what, const std::string& why) const {
    throw UnsupportedEvent("accountant pld: no bound for " + what + " under " + to_text(neighbours_) +
                           " neighbours: " + why);
  }

  void add_phase(const Event& event, double count, const std::function<PairOfEvent()>& make) {
    if (count > kMostComposedReleases)
      refuse(kind_name(event), "there are more than " + to_text(kMostComposedReleases) + " of a kind");
    const std::string key =
        to_text(neighbours_) + (is_exact_ ? "=" : "<") + (is_tamed_ ? "~" : "") + events::key_of(event);
    auto found = place_.find(key);
    if (found == place_.end()) {
      const PairOfEvent pair = is_exact_ ? make() : only_from_above(make());
      found = place_.emplace(key, made_.phases.size()).first;
      made_.phases.push_back({pair, 0});
    }
    made_.phases[found->second].count += count;
  }

  /// What has no pair here is as (epsilon, delta)-private, together, as Renyi differential privacy says; for that there
  /// is a pair, also where releases take turns (Vadhan and Zhang 2023, Concurrent composition theorems for differential
  /// privacy: interactive mechanisms together cost no more than their pairs).
  void add_rest() {
    if (made_.phases.empty()) throw UnsupportedEvent(why_rest_);
    renyi::ComposedCurve curve{Ledger(of_ledger_)};
    const double nodes = renyi::CurveTerms{of_ledger_}.most_nodes / static_cast<double>(rest_.size());
    std::vector<std::string> names;
    for (const Rest& one : rest_) {
      curve.add(one.event, {one.neighbours, nodes}, one.count);
      if (std::find(names.begin(), names.end(), kind_name(one.event)) == names.end())
        names.push_back(kind_name(one.event));
    }
    const double delta = std::isinf(precision_.log_cut) ? 0 : cut_of(1);
    EpsilonDelta together{renyi::epsilon_of(curve, delta).upper, delta};
    if (together.epsilon > kLargestLoss) throw UnsupportedEvent(why_rest_);
    if (together.epsilon > 0) together.epsilon = std::max(together.epsilon, kLeastEpsilon);
    const PairOfEvent pair = only_from_above(sampled(epsilon_delta_atoms(together), 1));
    made_.phases.push_back({pair, 1});
    made_.notes.push_back("Of " + list_words(names) +
                          " no pair of distributions is known here: what Renyi differential " +
                          "privacy says of it is composed with the others.");
  }

  void add_atoms(const Event& event, double count, const std::function<SymmetricAtoms()>& make, bool is_tight = true) {
    add_phase(event, count, [&] { return is_tight ? sampled(make(), 1) : only_from_above(sampled(make(), 1)); });
  }

  void take(const Gaussian& it, const Event&, double count) {
    gaussian_square_[is_exact_ ? 1 : 0] += count * std::pow(distance() / it.noise_multiplier, 2);
  }
  void take(const Laplace& it, const Event& event, double count) {
    add_phase(event, count, [&] {
      refuse_above_largest(distance() / it.noise_multiplier);
      return symmetric(
          std::make_shared<LaplacePair>(it.noise_multiplier, distance(), 1, LaplacePair::Direction::remove));
    });
  }
  /// Throws where that many more would take too long.
  void count_atoms(double many) {
    if (many > kMostAtoms || atoms_ + many > kMostAtomsInAll) {
      throw UnsupportedEvent("accountant pld: noise on the integers has too many outcomes, " + to_text(many) +
                             " in one release and " + to_text(atoms_ + many) + " in all; at most " +
                             to_text(kMostAtoms) + " and " + to_text(kMostAtomsInAll) + " are possible");
    }
    atoms_ += many;
  }
  SymmetricAtoms atoms_of(const DiscreteGaussian& it, double moved_by, double count) {
    const double cut = cut_of(count);
    count_atoms(how_many_gaussian_atoms(it.scale, cut));
    return grouped(discrete_gaussian_atoms(it.scale, moved_by * static_cast<double>(it.sensitivity), cut),
                   most_groups_);
  }
  SymmetricAtoms atoms_of(const DiscreteLaplace& it, double moved_by) {
    const double moved = moved_by * static_cast<double>(it.sensitivity);
    refuse_above_largest(moved / it.scale);
    count_atoms(moved);
    return grouped(discrete_laplace_atoms(it.scale, moved), most_groups_);
  }
  void take(const DiscreteGaussian& it, const Event& event, double count) {
    add_atoms(event, count, [&] { return atoms_of(it, distance(), count); });
  }
  void take(const DiscreteLaplace& it, const Event& event, double count) {
    add_atoms(event, count, [&] { return atoms_of(it, distance()); });
  }
  void take(const RandomizedResponse& it, const Event& event, double count) {
    if (!events::replaces_a_unit(neighbours_)) {
      refuse("randomized_response", "it answers for a unit that is there; state replace_one");
    }
    if (it.noise_probability == 1) return;
    add_atoms(event, count, [&] { return randomized_response_atoms(it); });
  }
  void take(const ExponentialMechanism& it, const Event& event, double count) {
    if (it.epsilon == 0) return;
    add_atoms(
        event, count, [&] { return pure_atoms(it.epsilon); }, false);
  }
  void take(const EpsilonDelta& it, const Event& event, double count) {
    if (it.epsilon == 0 && it.delta == 0) return;
    if (it.delta == 1) return take(NonPrivate{}, event, count);
    add_phase(event, count, [&] {
      PairOfEvent pair = sampled(epsilon_delta_atoms(it), 1);
      if (!is_tamed_) return pair;
      // At least its delta.
      const PairOfEvent below = sampled(epsilon_delta_atoms({0, it.delta}), 1);
      return PairOfEvent{pair.remove, pair.add, below.remove, below.add};
    });
  }
  void take(const ZeroConcentrated&, const Event&, double) {
    refuse("zero_concentrated", "zCDP does not say which distributions are behind it");
  }
  void take(const MixtureOfGaussians& it, const Event& event, double count) {
    if (events::replaces_a_unit(neighbours_)) refuse("mixture_of_gaussians", "it is defined against nothing");
    if (it.noise_multiplier == 0) {
      made_.is_non_private = true;
      return;
    }
    const auto moves = [](const MixtureComponent& component) { return component.sensitivity > 0; };
    if (std::none_of(it.components.begin(), it.components.end(), moves)) return;
    add_phase(event, count, [&] { return mixture_of(it); });
  }
  /// In units of the noise where the numbers are extreme; of many components some are taken together, for a bound from
  /// above only.
  PairOfEvent mixture_of(const MixtureOfGaussians& it) const {
    const bool is_much = it.components.size() > most_components_;
    const MixtureOfGaussians few = is_much ? events::with_few_components(it, most_components_) : it;
    const bool is_usual = it.noise_multiplier > kLeastUsualNoise && it.noise_multiplier < 1 / kLeastUsualNoise;
    std::map<double, double> weights;
    double total = 0;
    for (const MixtureComponent& component : few.components) {
      weights[is_usual ? component.sensitivity : component.sensitivity / it.noise_multiplier] += component.probability;
      total += component.probability;
    }
    Components components;
    for (const auto& [mean, weight] : weights) components.push_back({mean, weight / total});
    const PairOfEvent pair = mixture_against_nothing(components, is_usual ? it.noise_multiplier : 1);
    return is_much ? only_from_above(pair) : pair;
  }
  void take(const TreeAggregation& it, const Event&, double count) {
    if (events::replaces_a_unit(neighbours_)) refuse("tree_aggregation", "its bound is for a unit that is left out");
    gaussian_square_[is_exact_ ? 1 : 0] += count * events::tree_depth(it) / (it.noise_multiplier * it.noise_multiplier);
  }
  void take(const PoissonSampled& it, const Event& event, double count) {
    if (const auto* inner = it.inner.get_if<PoissonSampled>()) {
      const Event once = PoissonSampled{events::product_of_rates(it.sampling_rate, inner->sampling_rate), inner->inner};
      const std::optional<Event> tame = events::tamed(once);
      is_exact_ = is_exact_ && !tame;
      return take(*(tame ? *tame : once).get_if<PoissonSampled>(), event, count);
    }
    if (it.inner.get_if<NonPrivate>()) return take(NonPrivate{}, event, count);
    if (const std::optional<events::OneGaussian> gaussian = events::as_one_gaussian(it.inner)) {
      if (tells_all(*gaussian)) return take(NonPrivate{}, event, count);
      return add_phase(event, count, [&] { return sampled_gaussian(it.sampling_rate, gaussian->noise_multiplier); });
    }
    if (events::replaces_a_unit(neighbours_)) {
      refuse("poisson_sampled { " + kind_name(it.inner) + " }", "both datasets then give a mixture");
    }
    add_phase(event, count, [&] { return sampled_other(it, count); });
  }
  PairOfEvent sampled_gaussian(double rate, double noise) const {
    if (!events::replaces_a_unit(neighbours_)) return mixture_against_nothing({{0, 1 - rate}, {1, rate}}, noise);
    return symmetric(mixture_pair(Components{{0, 1 - rate}, {1, rate}}, Components{{0, 1 - rate}, {-1, rate}}, noise));
  }
  PairOfEvent sampled_other(const PoissonSampled& it, double count) {
    if (const auto* laplace = it.inner.get_if<Laplace>()) {
      refuse_above_largest(1 / laplace->noise_multiplier);
      const auto pair = [&](LaplacePair::Direction direction) {
        return std::make_shared<LaplacePair>(laplace->noise_multiplier, 1, it.sampling_rate, direction);
      };
      return exact(pair(LaplacePair::Direction::remove), pair(LaplacePair::Direction::add));
    }
    if (const auto* inner = it.inner.get_if<DiscreteGaussian>())
      return sampled(atoms_of(*inner, 1, count), it.sampling_rate);
    if (const auto* inner = it.inner.get_if<DiscreteLaplace>()) return sampled(atoms_of(*inner, 1), it.sampling_rate);
    if (const auto* inner = it.inner.get_if<EpsilonDelta>()) {
      return sampled(epsilon_delta_atoms(*inner), it.sampling_rate);
    }
    if (const auto* inner = it.inner.get_if<ExponentialMechanism>()) {
      return only_from_above(sampled(pure_atoms(inner->epsilon), it.sampling_rate));
    }
    refuse("poisson_sampled { " + kind_name(it.inner) + " }", "its pair after sampling is not known here");
  }
  void take(const SampledWithoutReplacement&, const Event&, double) {
    refuse("sampled_without_replacement", "no one pair is known that dominates every direction; try rdp");
  }
  void take(const TruncatedPoissonSampled& it, const Event& event, double count) {
    const std::optional<events::OneGaussian> gaussian = events::as_one_gaussian(it.inner);
    if (!gaussian) refuse("truncated_poisson_sampled { " + kind_name(it.inner) + " }", "only Gaussians are known here");
    if (tells_all(*gaussian)) return take(NonPrivate{}, event, count);
    add_phase(event, count, [&] { return truncated(it, gaussian->noise_multiplier); });
  }

  /// Ganesh et al. 2025: with the probability that the others fill the batch, the unit takes another one's place, which
  /// moves the sum by up to two clip bounds, whatever it contributes in either dataset. So under all neighbours the two
  /// differ then like v - w and v' - w, which lie within two clip bounds: docs/accounting.md says which are the worst.
  PairOfEvent truncated(const TruncatedPoissonSampled& it, double noise) const {
    const PairOfEvent untruncated = only_from_above(sampled_gaussian(it.sampling_rate, noise));
    const auto others = static_cast<double>(it.dataset_size - 1);
    const auto most = static_cast<double>(it.maximum_batch_size);
    if (others < most) return untruncated;
    if (it.sampling_rate == 1) refuse("truncated_poisson_sampled", "its sampling rate is 1, so batches are always cut");
    const Interval log_full = numerics::log_binomial_tail(others, most, it.sampling_rate, 1 - it.sampling_rate);
    const Interval log_cut = numerics::log_binomial_tail(others + 1, most + 1, it.sampling_rate, 1 - it.sampling_rate);
    const double full = std::exp(log_full.upper);
    if (!(full > 0)) return untruncated;
    // P(the unit is in | the others fill it): it was drawn, and is one of at least that many, of which `most` remain.
    const double taken =
        (1 + numerics::ulps(4)) *
        std::min(it.sampling_rate * most / (most + 1), std::exp(log_cut.upper - log_full.lower) * most / (others + 1));
    const auto replaced =
        mixture_pair(Components{{0, 1 - taken}, {2, taken}}, Components{{0, 1 - taken}, {-2, taken}}, noise);
    const auto either = [&](const std::shared_ptr<const DominatingPair>& pair) {
      if (full == 1) return std::shared_ptr<const DominatingPair>(replaced);
      return std::shared_ptr<const DominatingPair>(
          std::make_shared<DirectSumPair>(std::vector<DirectSumPair::Part>{{full, replaced}, {1 - full, pair}}));
    };
    return {either(untruncated.remove), either(untruncated.add)};
  }

  void take(const BallsAndBins& it, const Event& event, double count) {
    const std::optional<events::OneGaussian> gaussian = events::as_one_gaussian(it.inner);
    if (!gaussian) refuse("balls_and_bins { " + kind_name(it.inner) + " }", "only Gaussians are known here");
    if (events::replaces_a_unit(neighbours_)) refuse("balls_and_bins", "both datasets then give a mixture");
    if (tells_all(*gaussian)) return take(NonPrivate{}, event, count);
    add_phase(event, count, [&] { return allocated(it.bins, gaussian->noise_multiplier, count); });
  }
  /// On the finest lattice up to the wanted one that the work allows. More bins cost less, so a huge number of them is
  /// bounded by a large one, and nothing is known from below.
  PairOfEvent allocated(std::uint64_t bins, double noise, double count) {
    const bool is_huge = bins > kMostBins;
    bins = std::min(bins, kMostBins);
    RatioLattice lattice{precision_.ratio_step, cut_of(count)};
    const double allowed = kMostRatioWork - ratio_work_;
    const double work = work_of_log_normal_sum(bins, 1 / noise, lattice);
    if (work > allowed) lattice.step *= std::sqrt(work / std::max(1.0, allowed));
    if (!(lattice.step <= kCoarsestRatioStep)) {
      refuse("balls_and_bins",
             "its noise is too little, or there are too many kinds of it, for a lattice of usual size");
    }
    ratio_work_ += work_of_log_normal_sum(bins, 1 / noise, lattice);
    made_.ratio_step = std::max(made_.ratio_step, lattice.step);
    made_.finest_ratio_step = made_.ratio_step * std::sqrt(ratio_work_ / kMostRatioWork);
    const PairOfEvent made = balls_and_bins_pairs(bins, noise, lattice);
    return is_huge ? only_from_above(made) : made;
  }
  void take(const RepeatAndSelect&, const Event&, double) {
    refuse("repeat_and_select", "its bound is known for Renyi divergences only; try rdp");
  }
  void take(const NonPrivate&, const Event&, double) { made_.is_non_private = true; }
  template <class Kind>
  requires events::IsComposition<Kind> || std::is_same_v<Kind, Shuffled>
  void take(const Kind& kind, const Event&, double) { throw InternalError(kind_name(kind) + " is taken apart before"); }

  Neighbours of_ledger_;
  Neighbours neighbours_;  // of the leaf at hand
  PairPrecision precision_;
  PairsOfLedger made_;
  std::size_t most_groups_;
  std::size_t most_components_;
  double atoms_ = 0;       // made so far
  double ratio_work_ = 0;  // done so far
  std::map<std::string, std::size_t> place_;
  double gaussian_square_[2] = {0, 0};  // of what is not is_exact_, and of what is
  struct Rest {
    Event event;
    Neighbours neighbours;
    double count;
  };
  std::vector<Rest> rest_;  // what has no pair
  std::string why_rest_;    // the first of it
  bool is_exact_ = true;    // what is added stands for what ran, not for something worse
  bool is_tamed_ = false;   // its numbers were changed
};

}  // namespace

PairsOfLedger pairs_of_ledger(const Ledger& ledger, const PairPrecision& precision) {
  Collector collector(ledger, precision);
  events::for_each_leaf(ledger, [&](const events::Leaf& leaf) { collector.add(leaf); });
  return collector.finish();
}

}  // namespace dpml::pld
