#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "dpml/accounting/ledger.h"

namespace dpml {

/// A model file that a run has written, or was about to.
struct JournalModel {
  std::string record;          ///< its record digest
  std::uint64_t releases = 0;  ///< that the journal counted by then
};

/// What a journal counts.
struct JournalContents {
  Ledger ledger;
  bool had_torn_line = false;        ///< the last line was incomplete; see read_journal
  std::uint64_t version = 2;         ///< of its form; 1 says nothing about models
  std::vector<JournalModel> models;  ///< in the order they were written
};

/// Whether there is a journal at `path` with a whole first line, so that it may count releases. Throws FileError when
/// something else is there.
bool is_begun_journal(const std::filesystem::path& path);

/// The releases in the journal at `path`, changing nothing. A process that dies while it writes leaves a torn last
/// line, whose release has not begun; it counts all the same, as its count where that is whole and else as one release
/// of the event declared last (a torn declaration of an event counts nothing). Throws FileError when it is not a
/// journal, or when any other line was damaged, removed or changed: what was released is unknown then.
JournalContents read_journal(const std::filesystem::path& path);

/// Whether `longer` begins with everything in `shorter`: a run may go on from a checkpoint only when its journal
/// covers the checkpoint's ledger.
bool covers(const Ledger& longer, const Ledger& shorter);

/// The ledger of a run as a text file that only grows (owner/ledger.journal): a line is written before each release,
/// so that after a kill at any moment the file counts at least what was released. docs/file_format.md has the lines.
///
/// A line survives the end of the process from the moment record() returns, and a loss of power from the moment sync()
/// returns. So whoever makes something durable that was computed from a release (a checkpoint, a model file) calls
/// sync() before. One process at a time writes; any may read.
class JournalFile final : public LedgerJournal {
 public:
  struct Reopened;

  /// Starts a journal. Throws FileError when there is one at `path` already: a ledger is never overwritten.
  static std::unique_ptr<JournalFile> create(const std::filesystem::path& path, Neighbours neighbours);

  /// Goes on with the journal of a stopped run. A torn last line gives way to the whole line of the release that it
  /// counts as. Throws FileError when another process still writes to it, and what read_journal throws.
  static Reopened reopen(const std::filesystem::path& path);

  ~JournalFile() override;

  /// One write of about 25 bytes; more when the event differs from the one before. Throws FileError when the disk
  /// refuses: the file counts what it did before, or this object refuses everything from then on.
  void record(const Event& event, std::uint64_t count) override;

  /// Writes down that a model file with this record digest comes next, unless it says so already; nothing in a journal
  /// that was begun in version 1. Throws as record does.
  void record_model(const std::string& record);

  /// Waits until every line is on the disk. Throws FileError when the disk refuses, and refuses everything after that.
  void sync();

 private:
  struct State;
  explicit JournalFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct JournalFile::Reopened {
  std::unique_ptr<JournalFile> file;
  JournalContents contents;
};

}  // namespace dpml
