#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "layer_kinds/kinds.h"
#include "networks/golden_network.h"

// Is every layer there is among the networks?

namespace dpml {
namespace {

/// Words of the schema that no golden network holds, and why; a closed list.
const std::map<std::string, std::string> kLeftOut = {
    {"batch_norm", "is refused, it mixes samples"},
    {"dropout", "draws masks of its own; tests/layers/dropout_test.cpp has a twin of it"},
};

TEST(NetworkWords, AreAllThatTheSchemaHas) {
  std::set<std::string> met;
  const std::regex block(R"((\w+) \{)");
  for (const std::string& name : golden_network_names()) {
    const std::string model = read_golden_network(name).model;
    for (std::sregex_iterator it(model.begin(), model.end(), block), end; it != end; ++it) met.insert((*it)[1]);
  }
  for (const auto& row : config::kLayerWords) {
    const std::string word(row.word);
    EXPECT_NE(met.contains(word), kLeftOut.contains(word)) << word;
  }
  EXPECT_TRUE(met.contains("lora"));
}

}  // namespace
}  // namespace dpml
