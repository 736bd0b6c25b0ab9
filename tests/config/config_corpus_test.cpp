// What the fuzzer of scripts/fuzz.sh found interesting is read on every build: as a config, or refused.

#include <gtest/gtest.h>

#include "dpml/base/file.h"
#include "fuzz/config_target.h"

namespace dpml {
namespace {

TEST(ConfigCorpus, IsReadOrRefused) {
  int files = 0;
  int configs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(DPML_TEST_DATA "/fuzz/corpus/config")) {
    ++files;
    const std::string bytes = read_file(entry.path());
    if (fuzz::read_config_bytes(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size())) ++configs;
  }
  EXPECT_GE(files, 200);
  EXPECT_GE(configs, 5);
}

}  // namespace
}  // namespace dpml
