#include "dpml/io/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "dpml/base/error.h"
#include "journal_text.h"

namespace dpml {

struct JournalFile::State {
  std::string path;
  int file = -1;
  JournalState lines;
  std::string last_model;  ///< record digest of the last line, if it is about a model
  std::size_t bytes = 0;   ///< of whole lines in the file
  bool is_broken = false;  ///< what is on the disk is no longer known

  ~State() {
    if (file >= 0) ::close(file);
  }

  [[noreturn]] void fail(const std::string& what, int reason) const {
    throw FileError(path + ": " + what + ": " + std::strerror(reason));
  }

  void open(int flags) {
    file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | flags, 0600);
    if (file < 0) fail("the ledger journal cannot be opened", errno);
    if (::flock(file, LOCK_EX | LOCK_NB) == 0) return;
    if (errno == EWOULDBLOCK) throw FileError(path + ": another process is writing this ledger journal; wait for it");
    fail("the ledger journal cannot be locked", errno);
  }

  void cut_to(std::size_t size) {
    if (::ftruncate(file, static_cast<off_t>(size)) == 0) return;
    is_broken = true;
    fail("a torn line cannot be removed from the ledger journal", errno);
  }

  void write(const std::string& whole_lines) {
    if (is_broken) throw FileError(path + ": the ledger journal refuses releases since an earlier failure of the disk");
    ssize_t written = -1;
    do {
      written = ::write(file, whole_lines.data(), whole_lines.size());
    } while (written < 0 && errno == EINTR);
    if (written == static_cast<ssize_t>(whole_lines.size())) {
      bytes += whole_lines.size();
      return;
    }
    const int reason = written < 0 ? errno : ENOSPC;
    if (written > 0) cut_to(bytes);
    fail("a release cannot be written to the ledger journal, so it must not happen", reason);
  }

  void sync() {
    if (::fsync(file) == 0) return;
    is_broken = true;
    fail("the ledger journal cannot be flushed to the disk", errno);
  }

  /// A new file is on the disk only when its folder is.
  void sync_folder() const {
    const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
    const int entry = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC);
    const int result = entry < 0 ? -1 : ::fsync(entry);
    const int reason = errno;
    if (entry >= 0) ::close(entry);
    if (result != 0) fail("the folder of the ledger journal cannot be flushed to the disk", reason);
  }
};

namespace {

ParsedJournal parse_file(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored)) {
    throw FileError(path.string() + ": expected a ledger journal, a file");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw FileError(path.string() + ": cannot be opened: " + std::strerror(errno));
  JournalParser parser(path.string());
  std::string piece(std::size_t{1} << 16, '\0');
  while (file) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    if (file.bad()) throw FileError(path.string() + ": cannot be read: " + std::strerror(errno));
    parser.add(std::string_view(piece).substr(0, static_cast<std::size_t>(file.gcount())));
  }
  return std::move(parser).finish();
}

}  // namespace

bool is_begun_journal(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return false;
  if (!std::filesystem::is_regular_file(path)) throw FileError(path.string() + ": expected a ledger journal, a file");
  std::string start(100, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(file.gcount()));
  return !was_never_begun(start);
}

JournalFile::JournalFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
JournalFile::~JournalFile() = default;

std::unique_ptr<JournalFile> JournalFile::create(const std::filesystem::path& path, Neighbours neighbours) {
  auto state = std::make_unique<State>();
  state->path = path.string();
  state->open(O_CREAT);
  if (is_begun_journal(path)) {
    throw FileError(state->path +
                    ": holds a ledger already, which must not be lost; resume that run, or choose another folder");
  }
  state->cut_to(0);
  state->write(first_line(state->lines, neighbours));
  state->sync();
  state->sync_folder();
  return std::unique_ptr<JournalFile>(new JournalFile(std::move(state)));
}

JournalFile::Reopened JournalFile::reopen(const std::filesystem::path& path) {
  auto state = std::make_unique<State>();
  state->path = path.string();
  state->open(0);
  ParsedJournal parsed = parse_file(path);
  state->lines = std::move(parsed.state);
  state->bytes = static_cast<std::size_t>(parsed.whole_bytes);
  if (parsed.contents.had_torn_line) state->cut_to(state->bytes);
  const std::vector<JournalModel>& models = parsed.contents.models;
  const std::uint64_t whole_releases = parsed.contents.ledger.releases() - parsed.torn_count;
  if (!models.empty() && models.back().releases == whole_releases) state->last_model = models.back().record;
  if (parsed.torn_count > 0) {
    const Event event = *state->lines.event;
    state->write(release_lines(state->lines, event, parsed.torn_count));
  }
  return {.file = std::unique_ptr<JournalFile>(new JournalFile(std::move(state))),
          .contents = std::move(parsed.contents)};
}

void JournalFile::record(const Event& event, std::uint64_t count) {
  JournalState after = state_->lines;
  state_->write(release_lines(after, event, count));
  state_->lines = std::move(after);
  state_->last_model.clear();
}

void JournalFile::record_model(const std::string& record) {
  if (state_->lines.version == 1 || state_->last_model == record) return;
  JournalState after = state_->lines;
  state_->write(model_line(after, record));
  state_->lines = std::move(after);
  state_->last_model = record;
}

void JournalFile::sync() {
  state_->sync();
}

JournalContents read_journal(const std::filesystem::path& path) {
  return parse_file(path).contents;
}

bool covers(const Ledger& longer, const Ledger& shorter) {
  if (longer.neighbours() != shorter.neighbours() || longer.entries().size() < shorter.entries().size()) return false;
  for (std::size_t i = 0; i < shorter.entries().size(); ++i) {
    const LedgerEntry& own = longer.entries()[i];
    const LedgerEntry& other = shorter.entries()[i];
    const bool is_last = i + 1 == shorter.entries().size();
    if (!(own.event == other.event) || own.count < other.count || (!is_last && own.count != other.count)) return false;
  }
  return true;
}

}  // namespace dpml
