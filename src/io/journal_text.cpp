#include "journal_text.h"

#include <charconv>
#include <utility>

#include "dpml/base/digest.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

constexpr std::size_t kSealLetters = 12;
constexpr std::size_t kLongestLine = std::size_t{16} << 20;
constexpr std::string_view kFirstWords = "dpml ledger journal ";
constexpr std::string_view kEventWord = "event ";
constexpr std::string_view kModelWord = "model ";

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

/// A torn declaration counts nothing, a release line its count where that is whole, anything else one release.
std::uint64_t count_torn(std::string_view torn) {
  for (const std::string_view word : {kEventWord, kModelWord}) {
    if (torn.starts_with(word) || word.starts_with(torn)) return 0;
  }
  take_number(torn);
  const std::optional<std::uint64_t> count = take_number(torn);
  return count && !torn.empty() && *count > 0 ? *count : 1;
}

}  // namespace

std::string first_line(JournalState& state, Neighbours neighbours) {
  return sealed_line(state, std::string(kFirstWords) + std::to_string(state.version) + " " + to_text(neighbours));
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

std::string model_line(JournalState& state, const std::string& record) {
  return sealed_line(state, std::string(kModelWord) + record);
}

bool was_never_begun(std::string_view start) {
  return start.find('\n') == std::string_view::npos && kFirstWords.starts_with(start.substr(0, kFirstWords.size()));
}

void JournalParser::fail(const std::string& what) const {
  throw FileError(place_ + ": line " + std::to_string(line_) + " " + what);
}

void JournalParser::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    rest_ += bytes.substr(0, end);
    if (rest_.size() > kLongestLine) {
      ++line_;
      fail("is longer than any line of a ledger journal");
    }
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    take_line(rest_);
    whole_bytes_ += rest_.size() + 1;
    rest_.clear();
  }
}

/// Without its line break.
void JournalParser::take_line(std::string_view line) {
  ++line_;
  if (line_ == 1 && !line.starts_with(kFirstWords)) {
    throw FileError(place_ + ": expected a ledger journal, which begins with \"" + std::string(kFirstWords) + "\"");
  }
  const std::size_t space = line.rfind(' ');
  const std::string_view body = line.substr(0, space);
  std::string seal = seal_of(state_.seal, body);
  if (space == std::string_view::npos || line.substr(space + 1) != seal) {
    fail("was damaged, changed or moved, or a line before it is gone; what was released can no longer be proved");
  }
  state_.seal = std::move(seal);
  try {
    line_ == 1 ? take_first(body.substr(kFirstWords.size())) : take(body);
  } catch (const FileError&) {
    throw;
  } catch (const Error& error) {  // of an event, of neighbours, of too many releases
    fail(one_line(error.what()));
  }
}

void JournalParser::take_first(std::string_view body) {
  const std::optional<std::uint64_t> version = take_number(body);
  if (!version || *version < 1 || *version > state_.version) {
    fail("is of a version that this dpml does not know; use a newer one");
  }
  state_.version = *version;
  ledger_.emplace(parse_neighbours(body));
}

void JournalParser::take(std::string_view body) {
  if (body.starts_with(kEventWord)) {
    state_.event = parse_event(body.substr(kEventWord.size()));
    return;
  }
  if (body.starts_with(kModelWord) && state_.version > 1) return take_model(body.substr(kModelWord.size()));
  const std::optional<std::uint64_t> number = take_number(body);
  const std::optional<std::uint64_t> count = take_number(body);
  if (!number || !count || !body.empty()) fail("is no release line; expected its number and a count");
  if (*number != state_.number + 1) fail("has another number than the release lines before it lead to");
  if (*count == 0 || !state_.event) fail("counts no release, or comes before any event is declared");
  append(*count);
  state_.number = *number;
}

void JournalParser::take_model(std::string_view record) {
  if (!is_digest(record)) fail("names a model by what is no record digest");
  models_.push_back({.record = std::string(record), .releases = ledger_->releases()});
}

void JournalParser::append(std::uint64_t count) {
  ledger_->append(*state_.event, count);
}

ParsedJournal JournalParser::finish() && {
  if (!ledger_) {
    if (!was_never_begun(rest_)) take_line(rest_ + " ");  // says what it is instead
    throw FileError(place_ +
                    ": is a ledger journal that was never begun (no whole first line), so it counts no release; "
                    "remove it to start anew");
  }
  ParsedJournal parsed{.contents = {.ledger = *std::move(ledger_), .had_torn_line = !rest_.empty()}, .state = {}};
  parsed.contents.version = state_.version;
  parsed.contents.models = std::move(models_);
  parsed.whole_bytes = whole_bytes_;
  if (state_.event) {
    parsed.torn_count = count_torn(rest_);
    ++line_;
    try {
      parsed.contents.ledger.append(*state_.event, parsed.torn_count);
    } catch (const PrivacyError& error) {
      fail(error.what());
    }
  }
  parsed.state = std::move(state_);
  return parsed;
}

}  // namespace dpml
