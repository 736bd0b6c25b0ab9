// What the fuzzer of scripts/fuzz.sh found interesting is read on every build: as a model file, or refused.

#include <gtest/gtest.h>

#include "fuzz/model_target.h"

namespace dpml {
namespace {

TEST(ModelCorpus, IsReadOrRefused) {
  int files = 0;
  int models = 0;
  int scanned_models = 0;
  for (const auto& entry : std::filesystem::directory_iterator(DPML_TEST_DATA "/fuzz/corpus/model")) {
    ++files;
    const std::string bytes = read_file(entry.path());
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    models += fuzz::read_model_bytes(data, bytes.size()) ? 1 : 0;
    scanned_models += fuzz::read_scanned_model_bytes(data, bytes.size()) ? 1 : 0;
  }
  EXPECT_GE(files, 20);
  EXPECT_GE(models, 4);
  EXPECT_GE(scanned_models, 4);
}

}  // namespace
}  // namespace dpml
