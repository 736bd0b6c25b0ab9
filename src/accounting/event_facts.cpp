#include "event_facts.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "dpml/base/error.h"
#include "numerics/rounding.h"

namespace dpml::events {

namespace {

template <class Kind>
constexpr int kSortsOf = int{IsMechanism<Kind>} + int{IsClaim<Kind>} + int{IsSampling<Kind>} + int{IsSelection<Kind>} +
                         int{IsComposition<Kind>};
template <class Variant>
constexpr bool kAreSorted = false;
template <class... Kinds>
constexpr bool kAreSorted<std::variant<Kinds...>> = ((kSortsOf<Kinds> == 1) && ...);
static_assert(kAreSorted<EventKind>, "a new kind of event belongs in one of the lists of event_facts.h");

struct InnerEvents {
  const std::function<void(const Event&)>& visit;

  template <class Kind>
  requires IsMechanism<Kind> || IsClaim<Kind>
  void operator()(const Kind&) const {}
  template <class Kind>
  requires IsSampling<Kind> || IsSelection<Kind>
  void operator()(const Kind& kind) const { visit(kind.inner); }
  void operator()(const SelfComposed& composed) const { visit(composed.inner); }
  void operator()(const Composed& composed) const {
    for (const Event& inner : composed.events) visit(inner);
  }
};

/// Sum of noise^-2, rounded up.
std::optional<double> sum_of_squares(const Event& event) {
  if (const auto* gaussian = event.get_if<Gaussian>()) {
    const double least = numerics::multiply_down(gaussian->noise_multiplier, gaussian->noise_multiplier);
    return least > 0 ? numerics::divide_up(1, least) : numerics::kInfinity;
  }
  if (const auto* repeated = event.get_if<SelfComposed>()) {
    const std::optional<double> square = sum_of_squares(repeated->inner);
    if (!square) return std::nullopt;
    return numerics::multiply_up(*square, numerics::count_up(repeated->count));
  }
  if (const auto* composed = event.get_if<Composed>()) {
    double sum = 0;
    for (const Event& inner : composed->events) {
      const std::optional<double> square = sum_of_squares(inner);
      if (!square) return std::nullopt;
      sum = numerics::add_up(sum, *square);
    }
    return sum;
  }
  return std::nullopt;
}

}  // namespace

void for_each_inner(const Event& event, const std::function<void(const Event&)>& visit) {
  std::visit(InnerEvents{visit}, event.kind());
}

bool is_claim(const Event& event) {
  return std::visit([]<class Kind>(const Kind&) { return IsClaim<Kind>; }, event.kind());
}

bool holds_claim(const Event& event) {
  bool holds = is_claim(event);
  for_each_inner(event, [&](const Event& inner) { holds = holds || holds_claim(inner); });
  return holds;
}

bool replaces_a_unit(Neighbours neighbours) {
  switch (neighbours) {
    case Neighbours::replace_one:
      return true;
    case Neighbours::add_or_remove_one:
    case Neighbours::zero_out:
      return false;
  }
  throw InternalError("Neighbours: not one of the enumerated values");
}

bool changes_the_size(Neighbours neighbours) {
  switch (neighbours) {
    case Neighbours::add_or_remove_one:
      return true;
    case Neighbours::zero_out:
    case Neighbours::replace_one:
      return false;
  }
  throw InternalError("Neighbours: not one of the enumerated values");
}

double contribution_distance(Neighbours neighbours) {
  return replaces_a_unit(neighbours) ? 2 : 1;
}

int tree_depth(const TreeAggregation& tree) {
  // ceil(log2(leaves + 1)), the number of binary digits.
  return static_cast<int>(std::bit_width(*std::max_element(tree.step_counts.begin(), tree.step_counts.end())));
}

double product_of_rates(double one, double other) {
  const double product = one * other;
  return one < 1 && other < 1 ? std::nextafter(product, 1.0) : product;
}

std::optional<OneGaussian> as_one_gaussian(const Event& event) {
  const std::optional<double> square = sum_of_squares(event);
  if (!square) return std::nullopt;
  if (const auto* gaussian = event.get_if<Gaussian>()) return OneGaussian{gaussian->noise_multiplier, *square};
  constexpr double kOfRootAndQuotient = numerics::ulps(2);
  return OneGaussian{1 / std::sqrt(*square) * (1 - kOfRootAndQuotient), *square};
}

}  // namespace dpml::events
