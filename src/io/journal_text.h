#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dpml/io/journal.h"

// The lines of a journal, apart from the file they are in. Each is "<body> <seal>", and its seal is the first 12
// letters of the SHA-256 (dpml/base/digest.h) of the seal before it ("" at first) and its body: no line can change, go
// or move without breaking the seals from there on. Bodies:
//   dpml ledger journal 2 <neighbours>      the first line
//   event <event as text>                   what the release lines after it are
//   <number, counting release lines> <count>
//   model <record digest>                   a model file is about to be written (not in version 1)

namespace dpml {

/// What the next line depends on.
struct JournalState {
  std::uint64_t version = 2;
  std::string seal;
  std::optional<Event> event;  ///< declared last
  std::uint64_t number = 0;    ///< of the last release line
};

/// Whole lines, ending in a line break; `state` moves on as if they were written.
std::string first_line(JournalState& state, Neighbours neighbours);
std::string release_lines(JournalState& state, const Event& event, std::uint64_t count);
std::string model_line(JournalState& state, const std::string& record);

/// Whether a journal that begins so, with all that there is or with its first 100 bytes, is what a start leaves that
/// was killed before its first line was whole: it counts no release.
bool was_never_begun(std::string_view start);

struct ParsedJournal {
  JournalContents contents;
  JournalState state;             ///< after the last whole line
  std::uint64_t whole_bytes = 0;  ///< up to and with the last whole line
  std::uint64_t torn_count = 0;   ///< releases that a torn line counts as; they are in contents.ledger
};

/// Takes a journal piece by piece; holds one line at a time. Everything throws FileError that begins with `place`.
class JournalParser {
 public:
  explicit JournalParser(std::string place) : place_(std::move(place)) {}

  void add(std::string_view bytes);
  ParsedJournal finish() &&;

 private:
  [[noreturn]] void fail(const std::string& what) const;
  void take_line(std::string_view line);
  void take_first(std::string_view body);
  void take(std::string_view body);
  void take_model(std::string_view record);
  void append(std::uint64_t count);

  std::string place_;
  std::string rest_;  // of a line that is not whole yet
  std::uint64_t line_ = 0;
  std::uint64_t whole_bytes_ = 0;
  JournalState state_;
  std::optional<Ledger> ledger_;  // once the first line is there
  std::vector<JournalModel> models_;
};

}  // namespace dpml
