#include "event_rounding.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <unordered_set>
#include <vector>

#include "leaves.h"

namespace dpml::events {

namespace {

constexpr double kMostNoise = 1e100;
constexpr double kLeastAmount = 1e-100;
constexpr double kMostExact = 0x1p53;  // whole numbers above are no doubles

using Change = std::function<double(double)>;

/// Changes numbers: `noise` those of which less costs more, `amount` those of which more does, and deltas.
struct WithNumbers {
  Change noise;
  Change amount;
  Change delta = amount;

  double chance(double of) const { return std::min(1.0, amount(of)); }
  static std::uint64_t whole(const Change& change, std::uint64_t of, std::uint64_t least) {
    if (static_cast<double>(of) > kMostExact) return of;
    return std::max(least, static_cast<std::uint64_t>(std::min(change(static_cast<double>(of)), kMostExact)));
  }
  Event of(const Event& event) const { return std::visit(*this, event.kind()); }

  Event operator()(const Gaussian& it) const { return Gaussian{noise(it.noise_multiplier)}; }
  Event operator()(const Laplace& it) const { return Laplace{noise(it.noise_multiplier)}; }
  Event operator()(const DiscreteGaussian& it) const { return it; }  // of scales that change little nothing is known
  Event operator()(const DiscreteLaplace& it) const { return DiscreteLaplace{noise(it.scale), it.sensitivity}; }
  Event operator()(const RandomizedResponse& it) const {
    return RandomizedResponse{std::min(1.0, noise(it.noise_probability)), whole(amount, it.categories, 2)};
  }
  Event operator()(const ExponentialMechanism& it) const { return ExponentialMechanism{amount(it.epsilon)}; }
  Event operator()(const EpsilonDelta& it) const { return EpsilonDelta{amount(it.epsilon), delta(it.delta)}; }
  Event operator()(const ZeroConcentrated& it) const { return ZeroConcentrated{amount(it.rho), amount(it.xi)}; }
  Event operator()(const MixtureOfGaussians& it) const {
    MixtureOfGaussians made{noise(it.noise_multiplier), {}};
    for (const MixtureComponent& component : it.components) {
      made.components.push_back({amount(component.sensitivity), component.probability});
    }
    return made;
  }
  Event operator()(const TreeAggregation& it) const {
    return TreeAggregation{noise(it.noise_multiplier), it.step_counts};
  }
  Event operator()(const PoissonSampled& it) const { return PoissonSampled{chance(it.sampling_rate), of(it.inner)}; }
  Event operator()(const SampledWithoutReplacement& it) const {
    return SampledWithoutReplacement{it.dataset_size, it.sample_size, of(it.inner)};
  }
  Event operator()(const TruncatedPoissonSampled& it) const {
    return TruncatedPoissonSampled{it.dataset_size, it.sampling_rate, it.maximum_batch_size, of(it.inner)};
  }
  Event operator()(const Shuffled& it) const { return Shuffled{it.batches, of(it.inner)}; }
  Event operator()(const BallsAndBins& it) const { return BallsAndBins{whole(noise, it.bins, 1), of(it.inner)}; }
  Event operator()(const RepeatAndSelect& it) const { return RepeatAndSelect{of(it.inner), it.mean, it.shape}; }
  Event operator()(const Composed& it) const {
    Composed made;
    for (const Event& inner : it.events) made.events.push_back(of(inner));
    return made;
  }
  Event operator()(const SelfComposed& it) const { return SelfComposed{of(it.inner), it.count}; }
  Event operator()(const NonPrivate& it) const { return it; }
};

/// Writes an event as bytes, its kind first.
struct KeyWriter {
  std::string& to;

  void number(double value) const { to.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void number(std::uint64_t value) const { to.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void write(const Event& event) const {
    to.push_back(static_cast<char>(event.kind().index()));
    std::visit(*this, event.kind());
  }

  void operator()(const Gaussian& it) const { number(it.noise_multiplier); }
  void operator()(const Laplace& it) const { number(it.noise_multiplier); }
  void operator()(const DiscreteGaussian& it) const {
    number(it.scale);
    number(it.sensitivity);
  }
  void operator()(const DiscreteLaplace& it) const {
    number(it.scale);
    number(it.sensitivity);
  }
  void operator()(const RandomizedResponse& it) const {
    number(it.noise_probability);
    number(it.categories);
  }
  void operator()(const ExponentialMechanism& it) const { number(it.epsilon); }
  void operator()(const EpsilonDelta& it) const {
    number(it.epsilon);
    number(it.delta);
  }
  void operator()(const ZeroConcentrated& it) const {
    number(it.rho);
    number(it.xi);
  }
  void operator()(const MixtureOfGaussians& it) const {
    number(it.noise_multiplier);
    number(std::uint64_t{it.components.size()});
    for (const MixtureComponent& component : it.components) {
      number(component.sensitivity);
      number(component.probability);
    }
  }
  void operator()(const TreeAggregation& it) const {
    number(it.noise_multiplier);
    number(std::uint64_t{it.step_counts.size()});
    for (const std::uint64_t steps : it.step_counts) number(steps);
  }
  void operator()(const PoissonSampled& it) const {
    number(it.sampling_rate);
    write(it.inner);
  }
  void operator()(const SampledWithoutReplacement& it) const {
    number(it.dataset_size);
    number(it.sample_size);
    write(it.inner);
  }
  void operator()(const TruncatedPoissonSampled& it) const {
    number(it.dataset_size);
    number(it.sampling_rate);
    number(it.maximum_batch_size);
    write(it.inner);
  }
  void operator()(const Shuffled& it) const {
    number(it.batches);
    write(it.inner);
  }
  void operator()(const BallsAndBins& it) const {
    number(it.bins);
    write(it.inner);
  }
  void operator()(const RepeatAndSelect& it) const {
    number(it.mean);
    number(it.shape);
    write(it.inner);
  }
  void operator()(const Composed& it) const {
    number(std::uint64_t{it.events.size()});
    for (const Event& inner : it.events) write(inner);
  }
  void operator()(const SelfComposed& it) const {
    number(it.count);
    write(it.inner);
  }
  void operator()(const NonPrivate&) const {}
};

}  // namespace

MixtureOfGaussians with_few_components(const MixtureOfGaussians& mixture, std::size_t most) {
  std::vector<MixtureComponent> sorted = mixture.components;
  std::sort(sorted.begin(), sorted.end(),
            [](const MixtureComponent& a, const MixtureComponent& b) { return a.sensitivity < b.sensitivity; });
  MixtureOfGaussians made{mixture.noise_multiplier, {}};
  for (std::size_t k = 0; k < most; ++k) {
    const std::size_t from = k * sorted.size() / most;
    const std::size_t to = (k + 1) * sorted.size() / most;
    if (from == to) continue;
    double probability = 0;
    for (std::size_t i = from; i < to; ++i) probability += sorted[i].probability;
    made.components.push_back({sorted[to - 1].sensitivity, probability});
  }
  return made;
}

namespace {

/// How long a curve of the event takes, in usual ones.
double work_of_curve(const Event& event) {
  if (event.get_if<BallsAndBins>() != nullptr) return 40;
  return event.get_if<TruncatedPoissonSampled>() != nullptr ? 4 : 1;
}

}  // namespace

std::optional<Event> tamed(const Event& event) {
  const Event made = WithNumbers{
      [](double noise) { return std::min(noise, kMostNoise); },
      [](double amount) { return amount == 0 ? 0 : std::max(amount, kLeastAmount); },
      [](double delta) {
        return delta;
      }}.of(event);
  if (made == event) return std::nullopt;
  return made;
}

std::string key_of(const Event& event) {
  std::string key;
  KeyWriter{key}.write(event);
  return key;
}

Kinds count_kinds(const Ledger& ledger) {
  std::unordered_set<std::string> keys;
  Kinds kinds;
  for_each_leaf(ledger, [&](const Leaf& leaf) {
    if (!keys.insert(key_of(leaf.event)).second) return;
    ++kinds.different;
    kinds.work_of_curves += work_of_curve(leaf.event);
  });
  return kinds;
}

namespace {

/// An event without the numbers that may be changed, and those numbers in their order.
struct Shape {
  std::string key;
  std::vector<double> numbers;
};

Shape shape_of(const Event& event) {
  Shape shape;
  const Change take = [&](double number) {
    shape.numbers.push_back(number);
    return 1.0;
  };
  shape.key = key_of(WithNumbers{take, take}.of(event));
  return shape;
}

/// The numbers at one place of all events of a shape, in groups of neighbours.
struct Slot {
  std::vector<double> values;  // sorted, each once
  std::size_t groups = 0;

  double least_like(double value) const { return values[begin_of(group_of(value))]; }
  double largest_like(double value) const { return values[begin_of(group_of(value) + 1) - 1]; }

 private:
  // Group g has the values from begin_of(g) on, up to those of the next.
  std::size_t begin_of(std::size_t group) const { return (group * values.size() + groups - 1) / groups; }
  std::size_t group_of(double value) const {
    const auto at = std::lower_bound(values.begin(), values.end(), value);
    return static_cast<std::size_t>(at - values.begin()) * groups / values.size();
  }
};

using Slots = std::vector<Slot>;

/// The ledger with the parts of compositions as entries of their own, where counts allow that.
class TakenApart {
 public:
  explicit TakenApart(const Ledger& whole) : ledger(whole.neighbours()), left_(~std::uint64_t{0} - whole.releases()) {
    for (const LedgerEntry& entry : whole.entries()) add(entry.event, entry.count);
  }
  Ledger ledger;

 private:
  void add(const Event& event, std::uint64_t count) {
    std::uint64_t times = 1;
    if (const auto* it = event.get_if<SelfComposed>()) times = it->count;
    if (const auto* it = event.get_if<Composed>()) times = std::max<std::uint64_t>(1, it->events.size());
    const unsigned __int128 more = static_cast<unsigned __int128>(count) * (times - 1);
    if (times == 1 || more > left_) return ledger.append(event, count);
    left_ -= static_cast<std::uint64_t>(more);
    if (const auto* it = event.get_if<SelfComposed>()) return add(it->inner, count * times);
    for (const Event& part : event.get_if<Composed>()->events) add(part, count);
  }

  std::uint64_t left_;  // releases that still can be counted
};

/// How many groups the slots of a shape may have so that there are about `most` of all combinations.
void choose_groups(Slots& slots, double most) {
  for (Slot& slot : slots) {
    std::sort(slot.values.begin(), slot.values.end());
    slot.values.erase(std::unique(slot.values.begin(), slot.values.end()), slot.values.end());
  }
  std::vector<Slot*> by_size;
  for (Slot& slot : slots) by_size.push_back(&slot);
  std::sort(by_size.begin(), by_size.end(),
            [](const Slot* a, const Slot* b) { return a->values.size() < b->values.size(); });
  double left = std::max(1.0, most);
  for (std::size_t i = 0; i < by_size.size(); ++i) {
    const double share = std::pow(left, 1 / static_cast<double>(by_size.size() - i));
    const double groups = std::clamp(std::floor(share), 1.0, static_cast<double>(by_size[i]->values.size()));
    by_size[i]->groups = static_cast<std::size_t>(groups);
    left = std::max(1.0, left / groups);
  }
}

}  // namespace

Ledger rounded(const Ledger& whole, std::size_t most, Cost cost) {
  const Ledger ledger = TakenApart(whole).ledger;
  std::map<std::string, Slots> slots_of;
  for (const LedgerEntry& entry : ledger.entries()) {
    const Shape shape = shape_of(entry.event);
    Slots& slots = slots_of[shape.key];
    slots.resize(shape.numbers.size());
    for (std::size_t i = 0; i < slots.size(); ++i) slots[i].values.push_back(shape.numbers[i]);
  }
  for (auto& [key, slots] : slots_of) choose_groups(slots, static_cast<double>(most / slots_of.size()));
  // Equal events are one entry wherever they stand, since the order of a fixed schedule costs nothing.
  std::map<std::string, LedgerEntry> entries;
  for (const LedgerEntry& entry : ledger.entries()) {
    const Slots& slots = slots_of.at(shape_of(entry.event).key);
    std::size_t next = 0;
    const Change down = [&](double value) { return slots[next++].least_like(value); };
    const Change up = [&](double value) { return slots[next++].largest_like(value); };
    const Event made = (cost == Cost::more ? WithNumbers{down, up} : WithNumbers{up, down}).of(entry.event);
    const auto [place, is_new] = entries.try_emplace(key_of(made), LedgerEntry{made, 0});
    place->second.count += entry.count;
  }
  Ledger made(ledger.neighbours());
  for (const auto& [key, entry] : entries) made.append(entry.event, entry.count);
  return made;
}

}  // namespace dpml::events
