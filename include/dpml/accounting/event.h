#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace dpml {

/// Which pairs of datasets a guarantee tells nothing apart of.
enum class Neighbours {
  add_or_remove_one,  ///< one has one unit more than the other
  replace_one,        ///< same size, one unit exchanged for any other
  zero_out,           ///< same size, one unit exchanged for one that contributes nothing
};

/// "add_or_remove_one", "replace_one" or "zero_out".
std::string to_text(Neighbours neighbours);

/// Reads what to_text writes, or the same in capital letters, as configs have it. Throws ConfigError listing the names.
Neighbours parse_neighbours(std::string_view text);

// Events: what a release costs, told in public numbers only. They are a closed set, because each one decides privacy;
// an accountant that cannot bound a kind refuses it by name.

/// A vector sum, to which each unit contributes at most `clip bound` in Euclidean length, plus Gaussian noise of
/// standard deviation noise_multiplier * clip bound in every coordinate. The meaning of noise_multiplier does not
/// change with the neighbours: under replace_one the sum moves by up to twice the clip bound.
struct Gaussian {
  double noise_multiplier;  ///< finite, >= 0; 0 protects nothing: epsilon is infinity
  friend bool operator==(const Gaussian&, const Gaussian&) = default;
};

/// A vector sum, to which each unit contributes at most `bound` in L1 length, plus Laplace noise of scale
/// noise_multiplier * bound in every coordinate: density exp(-|z| / scale) / (2 scale). Under replace_one the sum moves
/// by up to twice the bound.
struct Laplace {
  double noise_multiplier;  ///< finite, > 0
  friend bool operator==(const Laplace&, const Laplace&) = default;
};

/// An integer sum, to which each unit contributes at most `sensitivity` in absolute value (twice that is exchanged
/// under replace_one), plus noise with P(z) proportional to exp(-z^2 / (2 scale^2)) (Canonne, Kamath and Steinke 2020).
struct DiscreteGaussian {
  double scale;               ///< finite, > 0
  std::uint64_t sensitivity;  ///< in [1, 2^31]
  friend bool operator==(const DiscreteGaussian&, const DiscreteGaussian&) = default;
};

/// The same with P(z) proportional to exp(-|z| / scale).
struct DiscreteLaplace {
  double scale;               ///< finite, > 0
  std::uint64_t sensitivity;  ///< in [1, 2^31]
  friend bool operator==(const DiscreteLaplace&, const DiscreteLaplace&) = default;
};

/// One unit's category: a uniform one of `categories` with probability noise_probability, else the true one. Has a
/// meaning under replace_one only.
struct RandomizedResponse {
  double noise_probability;  ///< in (0, 1]
  std::uint64_t categories;  ///< >= 2
  friend bool operator==(const RandomizedResponse&, const RandomizedResponse&) = default;
};

/// The exponential mechanism: probabilities proportional to exp(epsilon * score / (2 * sensitivity of the score)),
/// which is epsilon-differentially private with a privacy loss of range epsilon (Durfee and Rogers 2019), under the
/// ledger's neighbours.
struct ExponentialMechanism {
  double epsilon;  ///< finite, >= 0
  friend bool operator==(const ExponentialMechanism&, const ExponentialMechanism&) = default;
};

/// Anything known to be (epsilon, delta)-differentially private under the ledger's neighbours, and no more than that.
struct EpsilonDelta {
  double epsilon;  ///< finite, >= 0
  double delta;    ///< in [0, 1]
  friend bool operator==(const EpsilonDelta&, const EpsilonDelta&) = default;
};

/// Anything known to be (xi, rho)-zero-concentrated differentially private under the ledger's neighbours: its Renyi
/// divergence of every order a > 1 is at most xi + rho a (Bun and Steinke 2016, Definition 8.1).
struct ZeroConcentrated {
  double rho;     ///< finite, >= 0
  double xi = 0;  ///< finite, >= 0
  friend bool operator==(const ZeroConcentrated&, const ZeroConcentrated&) = default;
};

/// One possible contribution of a unit in a MixtureOfGaussians.
struct MixtureComponent {
  double sensitivity;  ///< finite, >= 0, in units of the clip bound
  double probability;  ///< > 0
  friend bool operator==(const MixtureComponent&, const MixtureComponent&) = default;
};

/// A sum with Gaussian noise of standard deviation noise_multiplier * clip bound, to which the unit contributes a
/// random length of those components: N(0) against the mixture (Choquette-Choo et al. 2024). Not defined under
/// replace_one.
struct MixtureOfGaussians {
  double noise_multiplier;                   ///< finite, >= 0
  std::vector<MixtureComponent> components;  ///< 1 or more; probabilities sum to 1 within 1e-9
  friend bool operator==(const MixtureOfGaussians&, const MixtureOfGaussians&) = default;
};

/// The tree aggregation of Kairouz et al. 2021 within one epoch: each unit contributes to one leaf, and every node of a
/// binary tree over the leaves gets Gaussian noise of noise_multiplier * clip bound. One tree for each of step_counts,
/// of which a unit is in one. Defined under zero_out only, or add_or_remove_one where leaves have public sizes.
struct TreeAggregation {
  double noise_multiplier;                 ///< finite, >= 0
  std::vector<std::uint64_t> step_counts;  ///< leaves of each tree, >= 1; 1 tree or more
  friend bool operator==(const TreeAggregation&, const TreeAggregation&) = default;
};

/// A release of which nothing can be certified: epsilon is infinity.
struct NonPrivate {
  friend bool operator==(const NonPrivate&, const NonPrivate&) = default;
};

struct PoissonSampled;
struct SampledWithoutReplacement;
struct TruncatedPoissonSampled;
struct Shuffled;
struct BallsAndBins;
struct RepeatAndSelect;
struct Composed;
struct SelfComposed;

/// The closed set. std::visit without a catch-all makes the compiler name the places that a new kind must reach.
using EventKind = std::variant<Gaussian, Laplace, DiscreteGaussian, DiscreteLaplace, RandomizedResponse,
                               ExponentialMechanism, EpsilonDelta, ZeroConcentrated, MixtureOfGaussians,
                               TreeAggregation, PoissonSampled, SampledWithoutReplacement, TruncatedPoissonSampled,
                               Shuffled, BallsAndBins, RepeatAndSelect, Composed, SelfComposed, NonPrivate>;

template <class Kind, class Variant>
inline constexpr bool kIsOneOf = false;
template <class Kind, class... Kinds>
inline constexpr bool kIsOneOf<Kind, std::variant<Kinds...>> = (std::is_same_v<Kind, Kinds> || ...);

/// One release. A value: cheap to copy, never changes, compares by content.
class Event {
 public:
  /// An event is any of its kinds.
  template <class Kind>
  requires kIsOneOf<Kind, EventKind> Event(Kind kind);  // NOLINT(google-explicit-constructor)
  Event(const Event&) = default;                        // No move: a moved-from event would be an event without a kind.
  Event& operator=(const Event&) = default;
  ~Event() = default;

  const EventKind& kind() const;

  /// The event as `Kind`, or nullptr when it is another one.
  template <class Kind>
  const Kind* get_if() const;

  friend bool operator==(const Event& a, const Event& b);

 private:
  std::shared_ptr<const EventKind> kind_;
};

// Sampling. Each is the sampling that really ran: the bound for one never stands in for another.

/// `inner`, applied to a batch that each unit joins on its own with probability sampling_rate, afresh for every
/// release. The realised size of the batch must not be released.
struct PoissonSampled {
  double sampling_rate;  ///< in (0, 1]
  Event inner;
  friend bool operator==(const PoissonSampled&, const PoissonSampled&) = default;
};

/// `inner`, applied to a uniform subset of exactly sample_size of dataset_size units. Sizes are public, so it is not
/// defined under add_or_remove_one.
struct SampledWithoutReplacement {
  std::uint64_t dataset_size;  ///< >= 1
  std::uint64_t sample_size;   ///< in [1, dataset_size]
  Event inner;
  friend bool operator==(const SampledWithoutReplacement&, const SampledWithoutReplacement&) = default;
};

/// Poisson sampling with batches cut to maximum_batch_size units chosen uniformly, where more joined.
struct TruncatedPoissonSampled {
  std::uint64_t dataset_size;        ///< >= 1; the larger of the two neighbouring datasets
  double sampling_rate;              ///< in (0, 1]
  std::uint64_t maximum_batch_size;  ///< >= 1
  Event inner;
  friend bool operator==(const TruncatedPoissonSampled&, const TruncatedPoissonSampled&) = default;
};

/// One epoch: the units are shuffled, cut into `batches` batches, and `inner` is applied to each in turn.
struct Shuffled {
  std::uint64_t batches;  ///< >= 1
  Event inner;
  friend bool operator==(const Shuffled&, const Shuffled&) = default;
};

/// One epoch: each unit goes to one of `bins` batches on its own, uniformly, afresh for every epoch, and `inner` is
/// applied to each (Chua et al. 2024, "Balls-and-Bins sampling"; also called random allocation).
struct BallsAndBins {
  std::uint64_t bins;  ///< >= 1
  Event inner;
  friend bool operator==(const BallsAndBins&, const BallsAndBins&) = default;
};

/// `inner` is run a random number of times and only the best result, by a score that is part of it, is released:
/// private tuning (Papernot and Steinke 2022). The number follows a truncated negative binomial distribution.
struct RepeatAndSelect {
  Event inner;
  double mean;   ///< expected number of runs, finite, >= 1; > 0 where shape is infinite
  double shape;  ///< > -1; 1 is geometric, 0 logarithmic, infinity Poisson
  friend bool operator==(const RepeatAndSelect&, const RepeatAndSelect&) = default;
};

/// All of them, on the same data.
struct Composed {
  std::vector<Event> events;
  friend bool operator==(const Composed&, const Composed&) = default;
};

/// `inner`, `count` times on the same data.
struct SelfComposed {
  Event inner;
  std::uint64_t count;
  friend bool operator==(const SelfComposed&, const SelfComposed&) = default;
};

template <class Kind>
requires kIsOneOf<Kind, EventKind> Event::Event(Kind kind)
    : kind_(std::make_shared<const EventKind>(std::move(kind))) {}

inline const EventKind& Event::kind() const {
  return *kind_;
}

template <class Kind>
const Kind* Event::get_if() const {
  return std::get_if<Kind>(kind_.get());
}

/// The word for an event's kind in its text form: "poisson_sampled".
std::string kind_name(const Event& event);

/// How many events may lie inside one another.
inline constexpr int kMaximumEventDepth = 32;

/// Throws ConfigError naming the first number that is out of range, or an event nested deeper than
/// kMaximumEventDepth.
void validate(const Event& event);

/// What kind_name can answer.
std::vector<std::string> event_kind_names();

/// One line of protobuf text (proto/dpml/event.proto), from which parse_event reads back an equal event, bit by bit:
/// poisson_sampled { sampling_rate: 0.01 event { gaussian { noise_multiplier: 1 } } }
std::string to_text(const Event& event);

/// Reads what to_text writes; line breaks and comments (#) may stand between the words. Throws ConfigError naming
/// line and column when it is not an event, and what validate throws.
Event parse_event(std::string_view text);

}  // namespace dpml
