#include "dpml/accounting/group.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "dpml/base/text.h"
#include "event_facts.h"
#include "numerics/binomial.h"
#include "numerics/rounding.h"

namespace dpml {

namespace {

using numerics::kInfinity;
using numerics::kUlp;

constexpr std::uint64_t kLargestSampledGroup = 10'000;

void check_size(std::uint64_t size) {
  if (size == 0) throw ConfigError("group privacy: size is 0, expected 1 or more");
}

double rounded_up(double value) {
  return value * (1 + 4 * kUlp);
}

/// delta (exp(k epsilon) - 1) / (exp(epsilon) - 1), rounded up.
double group_delta(double epsilon, double delta, double size) {
  if (delta == 0) return 0;
  if (epsilon == 0) return rounded_up(delta * size);
  if (size * epsilon > 700) return kInfinity;
  const double slack = 1 + kUlp * (16 + 4 * size * epsilon);  // of the exponent
  return delta * std::expm1(size * epsilon) / std::expm1(epsilon) * slack;
}

/// Binomial(size, rate) contributions of a unit length.
MixtureOfGaussians mixture_for_group(double noise_multiplier, double rate, std::uint64_t size) {
  MixtureOfGaussians mixture{noise_multiplier, {}};
  const auto trials = static_cast<double>(size);
  for (std::uint64_t joined = 0; joined <= size; ++joined) {
    const double log_probability =
        numerics::log_binomial_probability(trials, static_cast<double>(joined), rate, 1 - rate);
    // A chance too small for a double is rounded up, never dropped.
    const double probability = std::max(std::numeric_limits<double>::min(), std::exp(log_probability));
    mixture.components.push_back({static_cast<double>(joined), std::min(1.0, probability)});
  }
  return mixture;
}

struct GroupEvent {
  Neighbours neighbours;
  std::uint64_t size;

  double times() const { return static_cast<double>(size); }
  Event of(const Event& inner) const { return std::visit(*this, inner.kind()); }

  std::uint64_t sensitivity(std::uint64_t of_one) const {
    if (size > (std::uint64_t{1} << 32)) throw ConfigError("group privacy: size is above 2^32");
    return of_one * size;
  }
  double noise(double of_one) const { return of_one / times() * (1 - kUlp); }

  Event operator()(const Gaussian& it) const { return Gaussian{noise(it.noise_multiplier)}; }
  Event operator()(const Laplace& it) const {
    const double less = noise(it.noise_multiplier);
    if (less == 0) return NonPrivate{};
    return Laplace{less};
  }
  Event operator()(const DiscreteGaussian& it) const { return DiscreteGaussian{it.scale, sensitivity(it.sensitivity)}; }
  Event operator()(const DiscreteLaplace& it) const { return DiscreteLaplace{it.scale, sensitivity(it.sensitivity)}; }
  Event operator()(const RandomizedResponse& it) const { return SelfComposed{it, size}; }
  Event operator()(const ExponentialMechanism& it) const {
    const double epsilon = rounded_up(it.epsilon * times());
    if (std::isinf(epsilon)) return NonPrivate{};
    return ExponentialMechanism{epsilon};
  }
  Event operator()(const EpsilonDelta& it) const {
    const double epsilon = rounded_up(it.epsilon * times());
    if (std::isinf(epsilon)) return NonPrivate{};
    return EpsilonDelta{epsilon, std::min(1.0, group_delta(it.epsilon, it.delta, times()))};
  }
  Event operator()(const ZeroConcentrated& it) const {
    if (it.xi > 0) refuse(it, "with xi > 0");
    const double rho = rounded_up(it.rho * times() * times());
    if (std::isinf(rho)) return NonPrivate{};
    return ZeroConcentrated{rho, 0};
  }
  Event operator()(const TreeAggregation& it) const {
    return TreeAggregation{noise(it.noise_multiplier), it.step_counts};
  }
  Event operator()(const PoissonSampled& it) const {
    if (it.sampling_rate == 1) return of(it.inner);
    const auto* gaussian = it.inner.get_if<Gaussian>();
    if (gaussian == nullptr) refuse(it, "of anything but a gaussian");
    if (events::replaces_a_unit(neighbours)) refuse(it, "under replace_one");
    if (size > kLargestSampledGroup) {
      throw ConfigError("group privacy: size is " + std::to_string(size) +
                        ", expected at most 10000 for poisson_sampled events");
    }
    return mixture_for_group(gaussian->noise_multiplier, it.sampling_rate, size);
  }
  Event operator()(const Composed& it) const {
    Composed composed;
    for (const Event& inner : it.events) composed.events.push_back(of(inner));
    return composed;
  }
  Event operator()(const SelfComposed& it) const { return SelfComposed{of(it.inner), it.count}; }
  Event operator()(const NonPrivate& it) const { return it; }

  template <class Kind>
  requires events::IsSampling<Kind> || events::IsSelection<Kind> || std::is_same_v<Kind, MixtureOfGaussians> Event
  operator()(const Kind& kind) const {
    refuse(kind, "");
  }
  [[noreturn]] static void refuse(const Event& event, const std::string& which) {
    throw UnsupportedEvent("group privacy: no event is known that says what " + kind_name(event) +
                           (which.empty() ? "" : " " + which) +
                           " costs a group; convert the guarantee instead (guarantee_for_group)");
  }
};

std::string group_sentence(std::uint64_t size, const std::string& how) {
  return "It holds for groups of up to " + group_digits(size) + " units, " + how + ".";
}

/// The claim about a group that follows from claims about one unit, at no more than `delta`. A smaller delta for one
/// unit costs more epsilon, so a few are tried.
Guarantee convert(const Accountant& accountant, const Ledger& ledger, double delta, std::uint64_t size) {
  constexpr int kTries = 40;
  const Guarantee one = accountant.guarantee(ledger, delta);
  Guarantee best = guarantee_for_group(one, size);
  if (delta > 0) best.epsilon = kInfinity;
  double smaller = delta;
  for (int i = 0; i < kTries && smaller > 0 && std::isinf(best.epsilon) && std::isfinite(one.epsilon); ++i) {
    smaller /= i < 20 ? 2 : 1000;
    const Guarantee group = guarantee_for_group(accountant.guarantee(ledger, smaller), size);
    if (group.delta <= delta) best = group;
  }
  best.delta = delta;
  best.epsilon_lower = one.epsilon_lower;
  best.notes = one.notes;
  return best;
}

Bound convert_delta(const Accountant& accountant, const Ledger& ledger, double epsilon, std::uint64_t size) {
  const double share = epsilon / static_cast<double>(size) * (1 - 1e-14);
  Bound bound = accountant.delta_bound(ledger, share);
  bound.lower = accountant.delta_bound(ledger, epsilon).lower;  // a group of one, at the epsilon that is asked about
  const Guarantee one{.epsilon = share,
                      .delta = std::min(bound.upper, 1 - 1e-15),
                      .neighbours = ledger.neighbours(),
                      .accountant = std::string(accountant.name()),
                      .order = {}};
  const Guarantee group = guarantee_for_group(one, size);
  bound.upper = bound.upper < 1 && std::isfinite(group.epsilon) ? group.delta : 1;
  return bound;
}

double& lower_end(Guarantee& guarantee) {
  return guarantee.epsilon_lower;
}
double& lower_end(Bound& bound) {
  return bound.lower;
}

bool holds_claim(const Ledger& ledger) {
  return std::any_of(ledger.entries().begin(), ledger.entries().end(),
                     [](const LedgerEntry& entry) { return events::holds_claim(entry.event); });
}

/// What is asked of the ledger of groups. A claim about one unit bounds what groups lose from above, so its event for
/// groups says nothing from below: there remain the groups of one.
template <class Ask>
auto event_by_event(const Ledger& ledger, std::uint64_t size, const Ask& ask) {
  auto answer = ask(ledger_for_group(ledger, size));
  double& lower = lower_end(answer);
  if (lower > 0 && holds_claim(ledger)) {
    auto one = ask(ledger);
    lower = std::min(lower, lower_end(one));
  }
  return answer;
}

/// What is asked of the ledger, or of its groups event by event; where that is not possible, what is converted.
template <class Ask, class Convert>
auto for_group(const Ledger& ledger, std::uint64_t size, const Ask& ask, const Convert& convert) {
  if (size == 1) return ask(ledger);
  try {
    auto answer = event_by_event(ledger, size, ask);
    answer.notes.push_back(group_sentence(size, "accounted event by event"));
    return answer;
  } catch (const InternalError&) {
    throw;
  } catch (const Error& reason) {
    auto answer = convert();
    answer.notes.push_back(group_sentence(
        size, std::string("by the general conversion, since event by event is not possible: ") + reason.what()));
    return answer;
  }
}

}  // namespace

Guarantee guarantee_for_group(const Guarantee& guarantee, std::uint64_t size) {
  check_size(size);
  if (size == 1) return guarantee;
  const auto times = static_cast<double>(size);
  Guarantee group = guarantee;
  group.epsilon = guarantee.epsilon == 0 ? 0 : rounded_up(guarantee.epsilon * times);
  group.epsilon_lower = guarantee.epsilon_lower;
  const double delta = guarantee.epsilon < kInfinity ? group_delta(guarantee.epsilon, guarantee.delta, times) : 1;
  if (delta < 1) {
    group.delta = delta;
  } else {
    group.epsilon = kInfinity;
  }
  group.notes.push_back("for groups of up to " + std::to_string(size) +
                        " units, from the bound for one unit; the same ledger in events for groups may give less");
  return group;
}

Event event_for_group(const Event& event, Neighbours neighbours, std::uint64_t size) {
  check_size(size);
  validate(event);
  if (size == 1) return event;
  Event group = GroupEvent{neighbours, size}.of(event);
  validate(group);
  return group;
}

Ledger ledger_for_group(const Ledger& ledger, std::uint64_t size) {
  Ledger group(ledger.neighbours());
  for (const LedgerEntry& entry : ledger.entries()) {
    group.append(event_for_group(entry.event, ledger.neighbours(), size), entry.count);
  }
  return group;
}

Guarantee guarantee_for_group(const Accountant& accountant, const Ledger& ledger, double delta, std::uint64_t size) {
  return for_group(
      ledger, size, [&](const Ledger& whole) { return accountant.guarantee(whole, delta); },
      [&] { return convert(accountant, ledger, delta, size); });
}

Bound delta_bound_for_group(const Accountant& accountant, const Ledger& ledger, double epsilon, std::uint64_t size) {
  return for_group(
      ledger, size, [&](const Ledger& whole) { return accountant.delta_bound(whole, epsilon); },
      [&] { return convert_delta(accountant, ledger, epsilon, size); });
}

}  // namespace dpml
