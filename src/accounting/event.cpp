#include "dpml/accounting/event.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

constexpr std::array kAllNeighbours = {Neighbours::add_or_remove_one, Neighbours::replace_one, Neighbours::zero_out};

constexpr std::uint64_t kLargestSensitivity = std::uint64_t{1} << 31;
constexpr double kProbabilitySlack = 1e-9;

/// Checks the numbers of one kind of event.
class Fields {
 public:
  explicit Fields(std::string_view kind) : kind_(kind) {}

  void expect(bool is_right, const char* field, double value, const char* expected) const {
    if (!is_right) complain(field, to_text(value), expected);
  }
  void expect_count(bool is_right, const char* field, std::uint64_t value, const std::string& expected) const {
    if (!is_right) complain(field, std::to_string(value), expected);
  }
  void finite_at_least_0(const char* field, double value) const {
    expect(std::isfinite(value) && value >= 0, field, value, "a finite number, at least 0");
  }
  void finite_above_0(const char* field, double value) const {
    expect(std::isfinite(value) && value > 0, field, value, "a finite number above 0");
  }
  void probability_above_0(const char* field, double value) const {
    expect(value > 0 && value <= 1, field, value, "a number in (0, 1]");
  }
  void at_least(std::uint64_t least, const char* field, std::uint64_t value) const {
    expect_count(value >= least, field, value, std::to_string(least) + " or more");
  }
  void sensitivity(std::uint64_t value) const {
    expect_count(value >= 1 && value <= kLargestSensitivity, "sensitivity", value, "a number in [1, 2^31]");
  }

  [[noreturn]] void complain(const char* field, const std::string& value, const std::string& expected) const {
    throw ConfigError(std::string(kind_) + " event: " + field + " is " + value + ", expected " + expected);
  }

 private:
  std::string_view kind_;
};

struct Validator {
  Fields fields;
  int depth = 1;

  void check_inner(const Event& inner) const { check(inner, depth + 1); }

  static void check(const Event& event, int depth) {
    if (depth > kMaximumEventDepth) {
      throw ConfigError("event: more than " + std::to_string(kMaximumEventDepth) + " events inside one another");
    }
    std::visit(Validator{Fields(kind_name_of(event)), depth}, event.kind());
  }

  static std::string_view kind_name_of(const Event& event);

  void operator()(const Gaussian& it) const { fields.finite_at_least_0("noise_multiplier", it.noise_multiplier); }
  void operator()(const Laplace& it) const { fields.finite_above_0("noise_multiplier", it.noise_multiplier); }
  void operator()(const DiscreteGaussian& it) const {
    fields.finite_above_0("scale", it.scale);
    fields.sensitivity(it.sensitivity);
  }
  void operator()(const DiscreteLaplace& it) const {
    fields.finite_above_0("scale", it.scale);
    fields.sensitivity(it.sensitivity);
  }
  void operator()(const RandomizedResponse& it) const {
    fields.probability_above_0("noise_probability", it.noise_probability);
    fields.at_least(2, "categories", it.categories);
  }
  void operator()(const ExponentialMechanism& it) const { fields.finite_at_least_0("epsilon", it.epsilon); }
  void operator()(const EpsilonDelta& it) const {
    fields.finite_at_least_0("epsilon", it.epsilon);
    fields.expect(it.delta >= 0 && it.delta <= 1, "delta", it.delta, "a number in [0, 1]");
  }
  void operator()(const ZeroConcentrated& it) const {
    fields.finite_at_least_0("rho", it.rho);
    fields.finite_at_least_0("xi", it.xi);
  }
  void operator()(const MixtureOfGaussians& it) const {
    fields.finite_at_least_0("noise_multiplier", it.noise_multiplier);
    if (it.components.empty()) fields.complain("component", "missing", "1 or more");
    double sum = 0;
    for (const MixtureComponent& component : it.components) {
      fields.finite_at_least_0("component.sensitivity", component.sensitivity);
      fields.probability_above_0("component.probability", component.probability);
      sum += component.probability;
    }
    fields.expect(std::fabs(sum - 1) <= kProbabilitySlack, "sum of component.probability", sum, "1");
  }
  void operator()(const TreeAggregation& it) const {
    fields.finite_at_least_0("noise_multiplier", it.noise_multiplier);
    if (it.step_counts.empty()) fields.complain("step_count", "missing", "one for each tree");
    for (std::uint64_t steps : it.step_counts) fields.at_least(1, "step_count", steps);
  }
  void operator()(const PoissonSampled& it) const {
    fields.probability_above_0("sampling_rate", it.sampling_rate);
    check_inner(it.inner);
  }
  void operator()(const SampledWithoutReplacement& it) const {
    fields.at_least(1, "dataset_size", it.dataset_size);
    fields.expect_count(it.sample_size >= 1 && it.sample_size <= it.dataset_size, "sample_size", it.sample_size,
                        "a number from 1 to dataset_size, which is " + std::to_string(it.dataset_size));
    check_inner(it.inner);
  }
  void operator()(const TruncatedPoissonSampled& it) const {
    fields.at_least(1, "dataset_size", it.dataset_size);
    fields.probability_above_0("sampling_rate", it.sampling_rate);
    fields.at_least(1, "maximum_batch_size", it.maximum_batch_size);
    check_inner(it.inner);
  }
  void operator()(const Shuffled& it) const {
    fields.at_least(1, "batches", it.batches);
    check_inner(it.inner);
  }
  void operator()(const BallsAndBins& it) const {
    fields.at_least(1, "bins", it.bins);
    check_inner(it.inner);
  }
  void operator()(const RepeatAndSelect& it) const {
    fields.expect(it.shape > -1, "shape", it.shape, "a number above -1, or inf");
    const double least = std::isinf(it.shape) ? 0 : 1;
    fields.expect(std::isfinite(it.mean) && it.mean >= least && it.mean > 0, "mean", it.mean,
                  "a finite number, at least 1, or above 0 where shape is inf");
    check_inner(it.inner);
  }
  void operator()(const Composed& it) const {
    if (it.events.empty()) fields.complain("event", "missing", "1 or more");
    for (const Event& event : it.events) check_inner(event);
  }
  void operator()(const SelfComposed& it) const {
    fields.at_least(1, "count", it.count);
    check_inner(it.inner);
  }
  void operator()(const NonPrivate&) const {}
};

/// In the order of EventKind.
constexpr std::array<std::string_view, std::variant_size_v<EventKind>> kKindNames = {
    "gaussian",
    "laplace",
    "discrete_gaussian",
    "discrete_laplace",
    "randomized_response",
    "exponential_mechanism",
    "epsilon_delta",
    "zero_concentrated",
    "mixture_of_gaussians",
    "tree_aggregation",
    "poisson_sampled",
    "sampled_without_replacement",
    "truncated_poisson_sampled",
    "shuffled",
    "balls_and_bins",
    "repeat_and_select",
    "composed",
    "self_composed",
    "non_private",
};
static_assert(std::ranges::none_of(kKindNames, &std::string_view::empty), "a kind of event has no name");

std::string_view Validator::kind_name_of(const Event& event) {
  return kKindNames[event.kind().index()];
}

}  // namespace

std::string to_text(Neighbours neighbours) {
  switch (neighbours) {
    case Neighbours::add_or_remove_one:
      return "add_or_remove_one";
    case Neighbours::replace_one:
      return "replace_one";
    case Neighbours::zero_out:
      return "zero_out";
  }
  throw InternalError("Neighbours: not one of the enumerated values");
}

Neighbours parse_neighbours(std::string_view text) {
  std::vector<std::string> names;
  for (Neighbours neighbours : kAllNeighbours) {
    names.push_back(to_text(neighbours));
    if (lower_case(text) == names.back()) return neighbours;
  }
  throw ConfigError("neighbours: \"" + printable(text) + "\" is not known; expected " + list_words(names));
}

bool operator==(const Event& a, const Event& b) {
  return a.kind_ == b.kind_ || *a.kind_ == *b.kind_;
}

void validate(const Event& event) {
  Validator::check(event, 1);
}

std::string kind_name(const Event& event) {
  return std::string(kKindNames[event.kind().index()]);
}

}  // namespace dpml
