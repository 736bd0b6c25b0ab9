#include "problems.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

std::string to_text(const Origin& origin) {
  return origin.place + (origin.place.empty() || origin.field.empty() ? "" : ": ") + origin.field;
}

namespace config {

namespace {

constexpr std::size_t kMostTold = 200;  // nobody reads more, and a stranger's config may have millions

}  // namespace

void Problems::add(const Origin& origin, std::string_view what) {
  const int line = origin.line > 0 ? origin.line : std::numeric_limits<int>::max();
  const std::string where = to_text(origin);
  std::string text = where + (where.empty() ? "" : ": ") + std::string(what);
  const auto is_told = [&](const Problem& problem) { return problem.text == text; };  // of a layer that is repeated
  if (std::any_of(problems_.begin(), problems_.end(), is_told)) return;
  if (problems_.size() == kMostTold) {
    ++untold_;
    return;
  }
  problems_.push_back({line, origin.field, std::move(text)});
}

bool Problems::tells_of(const std::string& field) const {
  return std::any_of(problems_.begin(), problems_.end(),
                     [&](const Problem& problem) { return problem.field == field; });
}

void Problems::throw_if_any() const {
  if (problems_.empty()) return;
  std::vector<Problem> ordered = problems_;
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
  std::string text;
  for (const Problem& problem : ordered) text += (text.empty() ? "" : "\n") + problem.text;
  if (untold_ > 0) text += "\n" + counted(static_cast<std::int64_t>(untold_), "more problem");
  throw ConfigError(text);
}

}  // namespace config

}  // namespace dpml
