// Any bytes as the journal of a ledger: read without a change, reopened to the same ledger, or refused with a
// dpml::Error. Then once more with seals that fit, because no fuzzer finds a digest.

#include <string>
#include <string_view>

#include "dpml/base/digest.h"
#include "dpml/base/error.h"
#include "dpml/io/journal.h"
#include "fuzz/fuzz_file.h"

namespace {

void read(std::string_view bytes) {
  const std::filesystem::path path =
      dpml::fuzz::file_of(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  try {
    const dpml::JournalContents found = dpml::read_journal(path);
    const auto reopened = dpml::JournalFile::reopen(path);
    dpml::fuzz::check(reopened.contents.ledger == found.ledger);
    reopened.file->record(dpml::Gaussian{1}, 1);
    reopened.file->record_model(std::string(64, 'a'));
    const dpml::JournalContents after = dpml::read_journal(path);
    dpml::fuzz::check(after.ledger.releases() == found.ledger.releases() + 1);
    dpml::fuzz::check(after.models.size() == found.models.size() + (found.version > 1 ? 1 : 0));
  } catch (const dpml::Error&) {  // refused
  }
}

/// Every whole line ends in its seal (src/io/journal_text.h).
std::string resealed(std::string_view bytes) {
  std::string lines;
  std::string seal;
  while (true) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) return lines + std::string(bytes);
    const std::string_view line = bytes.substr(0, end);
    const std::string_view body = line.substr(0, line.rfind(' '));
    seal = dpml::Digest().add(seal).add(body).hex().substr(0, 12);
    lines += std::string(body) + " " + seal + "\n";
    bytes.remove_prefix(end + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  read(resealed(bytes));
  return 0;
}
