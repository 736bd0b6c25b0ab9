#include "event_rounding.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "leaves.h"

namespace dpml {

namespace {

constexpr double kMostNoise = 1e100;
constexpr double kLeastAmount = 1e-100;
constexpr int kMostDigits = 40;

using Change = std::function<double(double)>;

/// Changes numbers: `noise` those of which less costs more, `amount` those of which more does.
struct WithNumbers {
  Change noise;
  Change amount;

  double chance(double of) const { return std::min(1.0, amount(of)); }
  Event of(const Event& event) const { return std::visit(*this, event.kind()); }

  Event operator()(const Gaussian& it) const { return Gaussian{noise(it.noise_multiplier)}; }
  Event operator()(const Laplace& it) const { return Laplace{noise(it.noise_multiplier)}; }
  Event operator()(const DiscreteGaussian& it) const { return it; }  // of scales that change little nothing is known
  Event operator()(const DiscreteLaplace& it) const { return DiscreteLaplace{noise(it.scale), it.sensitivity}; }
  Event operator()(const RandomizedResponse& it) const {
    return RandomizedResponse{std::min(1.0, noise(it.noise_probability)), it.categories};
  }
  Event operator()(const ExponentialMechanism& it) const { return ExponentialMechanism{amount(it.epsilon)}; }
  Event operator()(const EpsilonDelta& it) const { return EpsilonDelta{amount(it.epsilon), chance(it.delta)}; }
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
  Event operator()(const BallsAndBins& it) const { return BallsAndBins{it.bins, of(it.inner)}; }
  Event operator()(const RepeatAndSelect& it) const { return RepeatAndSelect{of(it.inner), it.mean, it.shape}; }
  Event operator()(const Composed& it) const {
    Composed made;
    for (const Event& inner : it.events) made.events.push_back(of(inner));
    return made;
  }
  Event operator()(const SelfComposed& it) const { return SelfComposed{of(it.inner), it.count}; }
  Event operator()(const NonPrivate& it) const { return it; }
};

double rounded_down(double value, int digits) {
  if (value == 0 || !std::isfinite(value)) return value;
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  const double rounded = std::ldexp(std::floor(std::ldexp(fraction, digits)), exponent - digits);
  return rounded > 0 ? rounded : value;
}

double rounded_up(double value, int digits) {
  if (value == 0 || !std::isfinite(value)) return value;
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  const double rounded = std::ldexp(std::ceil(std::ldexp(fraction, digits)), exponent - digits);
  return std::isfinite(rounded) && rounded >= value ? rounded : value;
}

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

Event rounded(const Event& event, int digits, Cost cost) {
  const Change down = [digits](double value) { return rounded_down(value, digits); };
  const Change up = [digits](double value) { return rounded_up(value, digits); };
  return cost == Cost::more ? WithNumbers{down, up}.of(event) : WithNumbers{up, down}.of(event);
}

std::optional<Event> tamed(const Event& event) {
  const Event made =
      WithNumbers{[](double noise) { return std::min(noise, kMostNoise); },
                  [](double amount) { return amount == 0 ? 0 : std::max(amount, kLeastAmount); }}
          .of(event);
  if (made == event) return std::nullopt;
  return made;
}

std::string key_of(const Event& event) {
  std::string key;
  KeyWriter{key}.write(event);
  return key;
}

std::size_t count_kinds(const Ledger& ledger) {
  std::unordered_set<std::string> keys;
  for_each_leaf(ledger, [&](const Leaf& leaf) { keys.insert(key_of(leaf.event)); });
  return keys.size();
}

Ledger rounded(const Ledger& ledger, std::size_t most, Cost cost) {
  const auto with_digits = [&](int digits) {
    Ledger made(ledger.neighbours());
    for (const LedgerEntry& entry : ledger.entries()) made.append(rounded(entry.event, digits, cost), entry.count);
    return made;
  };
  int few = 1;
  int many = kMostDigits;
  while (many - few > 1) {
    const int digits = (few + many) / 2;
    (count_kinds(with_digits(digits)) <= most ? few : many) = digits;
  }
  return with_digits(few);
}

}  // namespace dpml
