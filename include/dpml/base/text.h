#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
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

/// ASCII letters in the other size; everything else stays.
std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);

/// Text without the byte order mark that Windows programs begin UTF-8 with; the same text where it has none.
std::string_view without_byte_order_mark(std::string_view text);
/// Whether text begins as UTF-16 does, which nothing here reads.
bool is_utf16(std::string_view text);

/// The shortest decimal text that reads back as exactly `value` ("inf", "-inf", "nan" for those).
std::string to_text(double value);

/// 1234567 -> "1,234,567", of any whole number.
std::string group_digits(std::string digits);
template <std::integral Whole>
std::string group_digits(Whole value) {
  return group_digits(std::to_string(value));
}

/// A count and its noun: (1, "row") -> "1 row", (1234, "row") -> "1,234 rows". `many` where it is not `one` and an s:
/// (0, "class", "classes") -> "0 classes".
std::string counted_text(std::string digits, std::string_view one, std::string_view many);
template <std::integral Whole>
std::string counted(Whole count, std::string_view one, std::string_view many = "") {
  return counted_text(std::to_string(count), one, many);
}

/// 1536 -> "1.5 KiB".
std::string format_bytes(std::uint64_t bytes);

/// 75.3 seconds -> "1 min 15 s"; below 10 s one decimal is kept.
std::string format_seconds(double seconds);

/// Text that came from a file or from the command line, as it may be shown: what a reader would not see as a letter is
/// spelled out. Control characters, line breaks and tabs included, become \x1b, \n, \t; marks that turn the direction
/// of writing, have no width or end a line become \u{202e}; bytes that are no UTF-8 become \xff. Everything else stays.
/// Whatever is put together from such pieces cannot hide or fake a word of ours.
std::string printable(std::string_view text);

/// The same, but line breaks and tabs stay: for text of our own in several lines.
std::string printable_lines(std::string_view text);

/// A message of one line in which such text may stand: printable, without line breaks at its end.
std::string one_line(std::string_view message);

/// Where the first byte stands that is no UTF-8 (Unicode 15, table 3-7: nothing overlong, no surrogates); none when all
/// is.
std::optional<std::size_t> first_invalid_utf8(std::string_view text);

}  // namespace dpml
