#include "journal_text.h"

#include <charconv>
#include <utility>

#include "dpml/base/digest.h"
#include "dpml/base/error.h"

namespace dpml {

namespace {

constexpr std::size_t kSealLetters = 12;
constexpr std::string_view kFirstWords = "dpml ledger journal 1 ";
constexpr std::string_view kEventWord = "event ";

std::string seal_of(std::string_view seal_before, std::string_view body) {
  return Digest().add(seal_before).add(body).hex().substr(0, kSealLetters);
}

std::string sealed_line(JournalState& state, const std::string& body) {
  state.seal = seal_of(state.seal, body);
  return body + " " + state.seal + "\n";
}

/// Takes a number that ends with the text or with a space from the front of `text`; nothing when there is none.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(' ')) {
    text.remove_prefix(1);
  } else if (!text.empty()) {
    return std::nullopt;
  }
  return number;
}

class Parser {
 public:
  Parser(std::string_view text, std::string place) : text_(text), place_(std::move(place)) {}

  ParsedJournal parse() {
    ParsedJournal parsed{.contents = {.ledger = Ledger(parse_first_line())}, .state = {}};
    while (const std::optional<std::string_view> body = next_body()) add(*body, parsed.contents.ledger);
    const std::string_view torn = text_.substr(position_);
    parsed.whole_bytes = position_;
    parsed.contents.had_torn_line = !torn.empty();
    if (state_.event) {
      parsed.torn_count = count_torn(torn);
      ++line_;
      append(parsed.contents.ledger, parsed.torn_count);
    }
    parsed.state = std::move(state_);
    return parsed;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw FileError(place_ + ": line " + std::to_string(line_) + " " + what);
  }

  /// The body of the next whole line, its seal checked; nothing when only a torn line or nothing is left.
  std::optional<std::string_view> next_body() {
    const std::size_t end = text_.find('\n', position_);
    if (end == std::string_view::npos) return std::nullopt;
    ++line_;
    const std::string_view line = text_.substr(position_, end - position_);
    const std::size_t space = line.rfind(' ');
    const std::string_view body = line.substr(0, space);
    std::string seal = seal_of(state_.seal, body);
    if (space == std::string_view::npos || line.substr(space + 1) != seal) {
      fail("was damaged, changed or moved, or a line before it is gone; what was released can no longer be proved");
    }
    state_.seal = std::move(seal);
    position_ = end + 1;
    return body;
  }

  /// A torn declaration counts nothing, a release line its count where that is whole, anything else one release.
  static std::uint64_t count_torn(std::string_view torn) {
    if (torn.starts_with(kEventWord) || kEventWord.starts_with(torn)) return 0;
    take_number(torn);
    const std::optional<std::uint64_t> count = take_number(torn);
    return count && !torn.empty() && *count > 0 ? *count : 1;
  }

  Neighbours parse_first_line() {
    if (was_never_begun(text_)) {
      throw FileError(place_ +
                      ": is a ledger journal that was never begun (no whole first line), so it counts no release; "
                      "remove it to start anew");
    }
    if (!text_.starts_with(kFirstWords)) {
      throw FileError(place_ + ": expected a ledger journal, which begins with \"" + std::string(kFirstWords) + "\"");
    }
    try {
      return parse_neighbours(next_body().value().substr(kFirstWords.size()));
    } catch (const ConfigError& error) {
      fail(error.what());
    }
  }

  void add(std::string_view body, Ledger& ledger) {
    if (body.starts_with(kEventWord)) {
      try {
        state_.event = parse_event(body.substr(kEventWord.size()));
      } catch (const ConfigError& error) {
        fail(error.what());
      }
      return;
    }
    const std::optional<std::uint64_t> number = take_number(body);
    const std::optional<std::uint64_t> count = take_number(body);
    if (!number || !count || !body.empty()) fail("is no release line; expected its number and a count");
    if (*number != state_.number + 1) fail("has another number than the release lines before it lead to");
    if (*count == 0 || !state_.event) fail("counts no release, or comes before any event is declared");
    append(ledger, *count);
    state_.number = *number;
  }

  void append(Ledger& ledger, std::uint64_t count) const {
    try {
      ledger.append(*state_.event, count);
    } catch (const PrivacyError& error) {
      fail(error.what());
    }
  }

  std::string_view text_;
  std::string place_;
  std::size_t position_ = 0;
  std::uint64_t line_ = 0;
  JournalState state_;
};

}  // namespace

std::string first_line(JournalState& state, Neighbours neighbours) {
  return sealed_line(state, std::string(kFirstWords) + to_text(neighbours));
}

std::string release_lines(JournalState& state, const Event& event, std::uint64_t count) {
  std::string lines;
  if (!state.event || !(*state.event == event)) {
    lines = sealed_line(state, std::string(kEventWord) + to_text(event));
    state.event = event;
  }
  ++state.number;
  return lines + sealed_line(state, std::to_string(state.number) + " " + std::to_string(count));
}

bool was_never_begun(std::string_view text) {
  return text.find('\n') == std::string_view::npos && kFirstWords.starts_with(text.substr(0, kFirstWords.size()));
}

ParsedJournal parse_journal(std::string_view text, const std::string& place) {
  return Parser(text, place).parse();
}

}  // namespace dpml
