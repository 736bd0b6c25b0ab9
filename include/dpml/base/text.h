#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dpml {

/// The candidate closest to `word` by edit distance, or "" when none is close enough to be what was meant
/// (more than a third of the word's letters differ). For "did you mean" messages.
std::string nearest_word(std::string_view word, std::span<const std::string> candidates);

/// "a, b or c"; "" for no words.
std::string list_words(std::span<const std::string> words, std::string_view last_separator = " or ");

/// The shortest decimal text that reads back as exactly `value` ("inf", "-inf", "nan" for those).
std::string to_text(double value);

/// 1234567 -> "1,234,567", of any whole number.
std::string group_digits(std::string digits);
template <std::integral Whole>
std::string group_digits(Whole value) {
  return group_digits(std::to_string(value));
}

/// 1536 -> "1.5 KiB".
std::string format_bytes(std::uint64_t bytes);

/// 75.3 seconds -> "1 min 15 s"; below 10 s one decimal is kept.
std::string format_seconds(double seconds);

}  // namespace dpml
