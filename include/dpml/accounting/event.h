#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace dpml {

/// Which pairs of datasets a guarantee tells nothing apart of.
enum class Neighbours {
  add_or_remove_one,  ///< one has one unit more than the other
  replace_one,        ///< same size, one unit exchanged for any other
  zero_out,           ///< same size, one unit exchanged for one that contributes nothing
};

/// "add_or_remove_one", "replace_one" or "zero_out".
std::string to_text(Neighbours neighbours);

/// Reads what to_text writes. Throws ConfigError listing the names.
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

/// A release of which nothing can be certified: epsilon is infinity.
struct NonPrivate {
  friend bool operator==(const NonPrivate&, const NonPrivate&) = default;
};

struct PoissonSampled;

/// The closed set. std::visit over it makes the compiler name every place that a new kind must reach.
using EventKind = std::variant<Gaussian, PoissonSampled, NonPrivate>;

/// One release. A value: cheap to copy, never changes, compares by content.
class Event {
 public:
  Event(Gaussian gaussian);               // NOLINT(google-explicit-constructor): an event is any of its kinds
  Event(PoissonSampled poisson_sampled);  // NOLINT(google-explicit-constructor)
  Event(NonPrivate non_private);          // NOLINT(google-explicit-constructor)
  Event(const Event&) = default;          // No move: a moved-from event would be an event without a kind.
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

/// `inner`, applied to a batch that each unit joins on its own with probability sampling_rate, afresh for every
/// release. The realised size of the batch must not be released.
struct PoissonSampled {
  double sampling_rate;  ///< in (0, 1]
  Event inner;
  friend bool operator==(const PoissonSampled&, const PoissonSampled&) = default;
};

inline const EventKind& Event::kind() const {
  return *kind_;
}

template <class Kind>
const Kind* Event::get_if() const {
  return std::get_if<Kind>(kind_.get());
}

/// How many events may lie inside one another.
inline constexpr int kMaximumEventDepth = 32;

/// Throws ConfigError naming the first number that is out of range, or an event nested deeper than
/// kMaximumEventDepth.
void validate(const Event& event);

/// One line of protobuf text (proto/dpml/event.proto), from which parse_event reads back an equal event, bit by bit:
/// poisson_sampled { sampling_rate: 0.01 event { gaussian { noise_multiplier: 1 } } }
std::string to_text(const Event& event);

/// Reads what to_text writes; line breaks and comments (#) may stand between the words. Throws ConfigError naming
/// line and column when it is not an event, and what validate throws.
Event parse_event(std::string_view text);

}  // namespace dpml
