#include <array>
#include <cstdio>

#include "dpml/base/text.h"

namespace dpml {

namespace {

struct Letter {
  char32_t code = 0;
  std::size_t bytes = 0;  ///< 0: no UTF-8 begins here
};

struct CodeRange {
  char32_t first;
  char32_t last;
};

/// What has no ink, or moves the ink of others: controls, separators, private use, and what Unicode 15 calls
/// Default_Ignorable_Code_Point.
constexpr std::array<CodeRange, 24> kUnseen{{{0x00, 0x1f},       {0x7f, 0x9f}, {0xad, 0xad},  // soft hyphen
                                             {0x34f, 0x34f},                                  // grapheme joiner
                                             {0x61c, 0x61c},                                  // Arabic letter mark
                                             {0x115f, 0x1160},                                // Hangul fillers
                                             {0x17b4, 0x17b5},       // Khmer vowels without a form
                                             {0x180b, 0x180f},       // Mongolian selectors, vowel separator
                                             {0x200b, 0x200f},       // zero width, direction marks
                                             {0x2028, 0x202e},       // line and paragraph separators, embeddings
                                             {0x2060, 0x206f},       // word joiner, isolates
                                             {0x2800, 0x2800},       // the Braille pattern without dots
                                             {0x3164, 0x3164},       // Hangul filler
                                             {0xe000, 0xf8ff},       // private use
                                             {0xfdd0, 0xfdef},       // no characters
                                             {0xfe00, 0xfe0f},       // variation selectors
                                             {0xfeff, 0xfeff},       // byte order mark
                                             {0xffa0, 0xffa0},       // Hangul filler of half width
                                             {0xfff0, 0xfffb},       // annotations
                                             {0xfffe, 0xffff},       // no characters
                                             {0x1bca0, 0x1bca3},     // shorthand controls
                                             {0x1d173, 0x1d17a},     // musical beams and ties
                                             {0xe0000, 0xe0fff},     // tags
                                             {0xf0000, 0x10ffff}}};  // private use

bool is_unseen(char32_t code) {
  for (const CodeRange& range : kUnseen) {
    if (code >= range.first && code <= range.last) return true;
  }
  return false;
}

/// The letter at the front of `text`, which is not empty (Unicode 15, table 3-7).
Letter front(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < bytes) return {};
  char32_t code = first & (0xffU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {};
    code = code << 6U | (byte(i) & 0x3fU);
  }
  const bool is_overlong = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
  return is_overlong || is_surrogate || code > 0x10ffff ? Letter{} : Letter{code, bytes};
}

std::string formatted(const char* pattern, unsigned number) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), pattern, number);
  return text.data();
}

std::string spelled(char32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  if (code == '\r') return "\\r";
  return formatted(code < 0x80 ? "\\x%02x" : "\\u{%x}", static_cast<unsigned>(code));
}

std::string spelled_out(std::string_view text, bool keeps_lines) {
  std::string result;
  while (!text.empty()) {
    const Letter letter = front(text);
    const bool is_kept = keeps_lines && (letter.code == '\n' || letter.code == '\t');
    if (letter.bytes == 0) {
      result += formatted("\\x%02x", static_cast<unsigned char>(text[0]));
    } else if (is_unseen(letter.code) && !is_kept) {
      result += spelled(letter.code);
    } else {
      result += text.substr(0, letter.bytes);
    }
    text.remove_prefix(letter.bytes == 0 ? 1 : letter.bytes);
  }
  return result;
}

}  // namespace

std::string printable(std::string_view text) {
  return spelled_out(text, false);
}

std::string printable_lines(std::string_view text) {
  return spelled_out(text, true);
}

std::string one_line(std::string_view message) {
  return printable(message.substr(0, message.find_last_not_of('\n') + 1));
}

std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Letter letter = front(text.substr(at));
    if (letter.bytes == 0) return at;
    at += letter.bytes;
  }
  return std::nullopt;
}

}  // namespace dpml
