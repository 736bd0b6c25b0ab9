// Any bytes as the journal of a ledger: read without a change, reopened to the same ledger, or refused with a
// dpml::Error.

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "dpml/base/error.h"
#include "dpml/io/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("dpml_journal_fuzz_" + std::to_string(::getpid()));
  {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  }
  try {
    const dpml::Ledger before = dpml::read_journal(path).ledger;
    const auto reopened = dpml::JournalFile::reopen(path);
    if (!(reopened.contents.ledger == before)) std::abort();
    reopened.file->record(dpml::Gaussian{1}, 1);
    if (dpml::read_journal(path).ledger.releases() != before.releases() + 1) std::abort();
  } catch (const dpml::Error&) {  // refused
  }
  return 0;
}
