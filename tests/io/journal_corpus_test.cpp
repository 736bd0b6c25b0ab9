// What the fuzzer of scripts/fuzz.sh found interesting is read on every build: as a journal, or refused.

#include <gtest/gtest.h>

#include <filesystem>

#include "dpml/base/error.h"
#include "dpml/io/journal.h"

namespace dpml {
namespace {

TEST(JournalCorpus, IsReadOrRefused) {
  int files = 0;
  int read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(DPML_TEST_DATA "/fuzz/corpus/journal")) {
    ++files;
    try {
      read_journal(entry.path());
      ++read;
    } catch (const Error&) {  // refused
    }
  }
  EXPECT_GE(files, 20);
  EXPECT_GE(read, 3);
}

}  // namespace
}  // namespace dpml
