#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dpml/io/journal.h"

// The lines of a journal, apart from the file they are in. Each is "<body> <seal>", and its seal is the first 12
// letters of the SHA-256 (dpml/base/digest.h) of the seal before it ("" at first) and its body: no line can change, go
// or move without breaking the seals from there on. Bodies:
//   dpml ledger journal 1 <neighbours>      the first line
//   event <event as text>                   what the release lines after it are
//   <number, counting release lines> <count>

namespace dpml {

/// What the next line depends on.
struct JournalState {
  std::string seal;
  std::optional<Event> event;  ///< declared last
  std::uint64_t number = 0;    ///< of the last release line
};

/// Whole lines, ending in a line break; `state` moves on as if they were written.
std::string first_line(JournalState& state, Neighbours neighbours);
std::string release_lines(JournalState& state, const Event& event, std::uint64_t count);

/// Whether this is what a start leaves that was killed before its first line was whole: it counts no release.
bool was_never_begun(std::string_view text);

struct ParsedJournal {
  JournalContents contents;
  JournalState state;            ///< after the last whole line
  std::size_t whole_bytes = 0;   ///< up to and with the last whole line
  std::uint64_t torn_count = 0;  ///< releases that a torn line counts as; they are in contents.ledger
};

/// Throws FileError that begins with `place`.
ParsedJournal parse_journal(std::string_view text, const std::string& place);

}  // namespace dpml
