#include "dpml/base/name_pattern.h"

#include <algorithm>

#include "dpml/base/error.h"

namespace dpml {

namespace {

std::ptrdiff_t stars_in(std::string_view text) {
  return std::count(text.begin(), text.end(), '*');
}

}  // namespace

std::string problem_of_pattern(std::string_view pattern) {
  if (pattern.empty()) return "is empty; state a name, or a pattern as in \"head.*\"";
  if (stars_in(pattern) > 1) return "has more than one *; state at most one";
  return "";
}

std::optional<std::string_view> match_name(std::string_view pattern, std::string_view name) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == name ? std::optional(std::string_view()) : std::nullopt;
  const std::string_view front = pattern.substr(0, star);
  const std::string_view back = pattern.substr(star + 1);
  if (name.size() < front.size() + back.size() || !name.starts_with(front) || !name.ends_with(back))
    return std::nullopt;
  return name.substr(front.size(), name.size() - front.size() - back.size());
}

std::string problem_of_target(const NameRule& rule) {
  const std::string problem = problem_of_pattern(rule.to);
  if (!problem.empty()) return problem;
  if (stars_in(rule.to) > stars_in(rule.from)) return "has a *, and from has none that it could stand for";
  return "";
}

std::optional<std::size_t> rule_for(std::string_view name, std::span<const NameRule> rules) {
  const auto rule =
      std::find_if(rules.begin(), rules.end(), [&](const NameRule& r) { return match_name(r.from, name); });
  return rule == rules.end() ? std::nullopt : std::optional(static_cast<std::size_t>(rule - rules.begin()));
}

std::string renamed(std::string_view name, const NameRule& rule) {
  const std::optional<std::string_view> middle = match_name(rule.from, name);
  DPML_ASSERT(middle.has_value());
  std::string result = rule.to;
  const std::size_t star = result.find('*');
  if (star != std::string::npos) result.replace(star, 1, *middle);
  return result;
}

}  // namespace dpml
