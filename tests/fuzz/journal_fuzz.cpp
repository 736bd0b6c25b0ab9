// Any bytes as the journal of a ledger: read without a change, reopened to the same ledger, or refused with a
// dpml::Error.

#include "dpml/base/error.h"
#include "dpml/io/journal.h"
#include "fuzz/fuzz_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path path = dpml::fuzz::file_of(data, size);
  try {
    const dpml::Ledger before = dpml::read_journal(path).ledger;
    const auto reopened = dpml::JournalFile::reopen(path);
    dpml::fuzz::check(reopened.contents.ledger == before);
    reopened.file->record(dpml::Gaussian{1}, 1);
    dpml::fuzz::check(dpml::read_journal(path).ledger.releases() == before.releases() + 1);
  } catch (const dpml::Error&) {  // refused
  }
  return 0;
}
