// The statements of a config are split and filled in by our own code, so that every problem is found; what it makes of
// a right text must be what protobuf's own parser makes of it.
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "config/small_config.h"
#include "dpml/base/file.h"
#include "dpml/config.pb.h"
#include "fill_message.h"

namespace dpml::config {
namespace {

void expect_same_as_protobuf(const std::string& text) {
  schema::Experiment theirs;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &theirs)) << text;
  Problems problems;
  Origins origins("c.txtpb");
  schema::Experiment ours;
  MessageFiller(origins, problems).fill(read_statements(text, origins, problems), "", ours);
  EXPECT_NO_THROW(problems.throw_if_any());
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(ours, theirs)) << text << "\nours:\n"
                                                                                << ours.DebugString() << "theirs:\n"
                                                                                << theirs.DebugString();
}

TEST(TextFormat, IsReadAsProtobufReadsIt) {
  for (const char* text : {
           "",
           "# nothing but a comment",
           "privacy {}",
           "privacy: {}",
           "privacy <>",
           "privacy: < delta: 1 >",
           "privacy { delta: 1e-5, clip_bound: inf; unit: 'a' \"b\"\n \"c\" }",
           "privacy { unit: \"\\n\\x41\\303\\244\" }",
           "privacy { delta: 1.5f clip_bound: -inf epochs: 10 }",
           "privacy { seed: 0xff steps: 017 }",
           "privacy { seed: 18446744073709551615 }",
           "privacy { steps: -5 }",
           "privacy{delta:1 epochs:2}",
           "data { shape: [] }",
           "data { shape: [1, 0x2, 3] shape: 4 shape: [5] }",
           "model { layer { tanh {} } layer: { relu {} } }",
           "model { layer: [{ tanh {} }, { relu {} name: \"x\" }] }",
           "data { table { missing_marker: ['?', \"a\" \"b\"] } }",
           "privacy { neighbours: ZERO_OUT }",
           "privacy { neighbours: 2 }",
           "model { layer { frozen: True linear { bias: 0 } } }",
           "loss: CROSS_ENTROPY",
           "privacy { delta: - 5 }",
           "privacy { unit: \"# no comment\" } # a comment",
       }) {
    expect_same_as_protobuf(text);
  }
}

TEST(TextFormat, IsReadAsProtobufReadsTheShippedConfigs) {
  expect_same_as_protobuf(kSmallConfig);
  const std::filesystem::path models = std::filesystem::path(DPML_TEST_DATA).parent_path() / "models";
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(models)) {
    if (entry.path().extension() != ".txtpb") continue;
    const std::string text = read_file(entry.path());
    if (text.find("\nconstants {") != std::string::npos) continue;  // which protobuf does not know
    expect_same_as_protobuf(text);
    ++count;
  }
  EXPECT_GE(count, 8);
}

}  // namespace
}  // namespace dpml::config
