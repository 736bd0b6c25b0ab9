#include "dpml/tensor/number_rule.h"

#include <algorithm>
#include <cmath>

#include "dpml/base/cases.h"
#include "dpml/base/vectorised.h"

namespace dpml {

std::optional<Index> first_breach(const NumberRule& rule, std::span<const float> numbers) {
  const auto first = [&](auto breaks) -> std::optional<Index> {
    const auto found = std::find_if(numbers.begin(), numbers.end(), breaks);
    return found == numbers.end() ? std::nullopt : std::optional<Index>(found - numbers.begin());
  };
  return std::visit(Cases{[](const AnyNumber&) { return std::optional<Index>(); },
                          [&](const FiniteNumber&) { return first([](float x) { return !std::isfinite(x); }); },
                          [&](const WholeNumber& whole) {
                            const auto below = static_cast<float>(whole.below);
                            const float other = whole.or_else ? static_cast<float>(*whole.or_else) : 0;
                            return first([=](float x) {
                              return !(x >= 0 && x < below && x == std::floor(x)) && !(x == other && whole.or_else);
                            });
                          }},
                    rule);
}

NumberRule both(const NumberRule& a, const NumberRule& b) {
  if (a.index() != b.index()) return a.index() > b.index() ? a : b;  // each kind keeps the rules of those before it
  const auto* one = std::get_if<WholeNumber>(&a);
  const auto* other = std::get_if<WholeNumber>(&b);
  if (one == nullptr || other == nullptr) return a;
  return WholeNumber{std::min(one->below, other->below), one->or_else == other->or_else ? one->or_else : std::nullopt};
}

std::string to_text(const NumberRule& rule) {
  return std::visit(Cases{[](const AnyNumber&) { return std::string("any number"); },
                          [](const FiniteNumber&) { return std::string("a finite number (float32, up to 3.4e38)"); },
                          [](const WholeNumber& whole) {
                            const std::string or_else = whole.or_else ? " or " + std::to_string(*whole.or_else) : "";
                            if (whole.below == 2) return "0 or 1" + or_else;
                            return "a whole number from 0 to " + std::to_string(whole.below - 1) + or_else;
                          }},
                    rule);
}

bool all_finite(std::span<const float> numbers) {
  // Without an early end, and by a comparison rather than by bits, so that compilers make vectors of it.
  int found = 0;
  vectorised([&found, data = numbers.data(), count = numbers.size()] {
    int other = 0;
    for (std::size_t i = 0; i < count; ++i) other |= std::fabs(data[i]) < INFINITY ? 0 : 1;
    found = other;
  });
  return found == 0;
}

}  // namespace dpml
