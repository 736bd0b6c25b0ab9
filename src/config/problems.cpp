#include "problems.h"

#include <algorithm>
#include <limits>

#include "dpml/base/error.h"

namespace dpml {

std::string to_text(const Origin& origin) {
  return origin.place + (origin.place.empty() || origin.field.empty() ? "" : ": ") + origin.field;
}

namespace config {

void Problems::add(const Origin& origin, std::string_view what) {
  const int line = origin.line > 0 ? origin.line : std::numeric_limits<int>::max();
  const std::string where = to_text(origin);
  problems_.push_back({line, where + (where.empty() ? "" : ": ") + std::string(what)});
}

void Problems::throw_if_any() const {
  if (problems_.empty()) return;
  std::vector<Problem> ordered = problems_;
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
  std::string text;
  for (const Problem& problem : ordered) text += (text.empty() ? "" : "\n") + problem.text;
  throw ConfigError(text);
}

}  // namespace config

}  // namespace dpml
