#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dpml {

/// What is wrong with a pattern of names, which is not empty and has at most one `*`; "" for a good one.
std::string problem_of_pattern(std::string_view pattern);

/// What the `*` of a pattern stands for in the name, "" where the pattern has none; nothing when the name does not fit.
/// A `*` stands for any letters, dots included, also for none; every other letter for itself; the whole name has to
/// fit.
std::optional<std::string_view> match_name(std::string_view pattern, std::string_view name);

/// Names that fit `from` become `to`, in which what the `*` stood for takes the place of its `*`.
struct NameRule {
  std::string from;  ///< a pattern
  std::string to;    ///< with a `*` only where `from` has one

  bool operator==(const NameRule&) const = default;
};

/// What is wrong with the rule's `to`; "" for a good one.
std::string problem_of_target(const NameRule& rule);

/// The first rule that the name fits; nothing when there is none.
std::optional<std::size_t> rule_for(std::string_view name, std::span<const NameRule> rules);

/// The name as the rule has it, which it fits.
std::string renamed(std::string_view name, const NameRule& rule);

}  // namespace dpml
