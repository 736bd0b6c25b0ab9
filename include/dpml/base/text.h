#pragma once

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

/// Text without the byte order mark that Windows programs begin UTF-8 with; the same text where it has none.
std::string_view without_byte_order_mark(std::string_view text);
/// Whether text begins as UTF-16 does, which nothing here reads.
bool is_utf16(std::string_view text);

/// The shortest decimal text that reads back as exactly `value` ("inf", "-inf", "nan" for those).
std::string to_text(double value);

/// 1234567 -> "1,234,567".
std::string group_digits(std::int64_t value);

/// A count and its noun: (1, "row") -> "1 row", (1234, "row") -> "1,234 rows". `many` where it is not `one` and an s:
/// (0, "class", "classes") -> "0 classes".
std::string counted(std::int64_t count, std::string_view one, std::string_view many = "");

/// 1536 -> "1.5 KiB".
std::string format_bytes(std::uint64_t bytes);

/// 75.3 seconds -> "1 min 15 s"; below 10 s one decimal is kept.
std::string format_seconds(double seconds);

}  // namespace dpml
