// What the fuzzer of scripts/fuzz.sh found interesting is read on every build: to a ledger that reads back, or refused.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "dpml/accounting/ledger.h"
#include "dpml/base/error.h"

namespace dpml {
namespace {

TEST(EventsCorpus, IsReadBackOrRefused) {
  int files = 0;
  int ledgers = 0;
  for (const auto& entry : std::filesystem::directory_iterator(DPML_TEST_DATA "/fuzz/corpus/events")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    ++files;
    try {
      const Ledger ledger = parse_ledger(text);
      EXPECT_EQ(parse_ledger(to_text(ledger)), ledger) << entry.path().filename();
      ++ledgers;
    } catch (const Error&) {  // refused
    }
  }
  EXPECT_GE(files, 100);
  EXPECT_GE(ledgers, 19);  // one of each kind at least
}

}  // namespace
}  // namespace dpml
