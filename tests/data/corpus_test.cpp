// What the fuzzers of scripts/fuzz.sh found interesting is read on every build: as a data file, or refused.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/data_targets.h"

namespace dpml {
namespace {

/// How many files of a corpus were given to `read`, which aborts when one breaks a promise.
int read_all(const std::string& corpus, void (*read)(const std::uint8_t*, std::size_t)) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(DPML_TEST_DATA "/fuzz/corpus/" + corpus)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
    read(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    ++files;
  }
  return files;
}

TEST(DataCorpus, IsReadOrRefused) {
  EXPECT_GE(read_all("npy", fuzz::read_npy_bytes), 100);
  EXPECT_GE(read_all("idx", fuzz::read_idx_bytes), 100);
  EXPECT_GE(read_all("csv", fuzz::read_csv_bytes), 200);
}

}  // namespace
}  // namespace dpml
