#include "words.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "base/expect_error.h"
#include "config/small_config.h"
#include "dpml/config.pb.h"
#include "readers.h"

namespace dpml::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

/// Every config that states one word of the schema, and nothing but the blocks around it.
class WordsOfSchema {
 public:
  WordsOfSchema() { walk(*schema::Experiment::descriptor(), "", ""); }

  const std::vector<std::string>& configs() const { return configs_; }

 private:
  void walk(const Descriptor& block, const std::string& before, const std::string& after) {
    if (std::count(path_.begin(), path_.end(), &block) > 0) return;  // layers inside layers
    path_.push_back(&block);
    for (int i = 0; i < block.field_count(); ++i) visit(*block.field(i), before, after);
    path_.pop_back();
  }

  void visit(const FieldDescriptor& field, const std::string& before, const std::string& after) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const std::string opened = before + field.name() + " { ";
      if (field.containing_oneof() != nullptr) configs_.push_back(opened + "}" + after);
      walk(*field.message_type(), opened, " }" + after);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      for (int i = 0; i < field.enum_type()->value_count(); ++i) {
        configs_.push_back(before + field.name() + ": " + field.enum_type()->value(i)->name() + after);
      }
    } else if (field.containing_oneof() != nullptr) {
      configs_.push_back(before + field.name() + ": 1" + after);
    }
  }

  std::vector<const Descriptor*> path_;
  std::vector<std::string> configs_;
};

TEST(Words, OfTheSchemaAllMeanSomething) {
  const std::vector<std::string> configs = WordsOfSchema().configs();
  ASSERT_GT(configs.size(), 60U);
  for (const std::string& config : configs) {
    SCOPED_TRACE(config);
    EXPECT_THROW(parse(config), ConfigError);  // something is missing; a word without a row is an InternalError
  }
}

TEST(Words, WithoutARowAreNeverTakenForAnother) {
  schema::Experiment message;
  Origins origins("c.txtpb");
  Problems problems;
  const Section root(message, "", origins, problems);
  constexpr std::array kTooFew{Word<int>{"CROSS_ENTROPY", 1}, Word<int>{"MEAN_SQUARED_ERROR", 2}};
  expect_error<InternalError>("the schema knows a loss that its reader does not: BINARY_CROSS_ENTROPY",
                              [&] { meaning_of(root, "loss", "CROSS_ENTROPY", kTooFew); });
  expect_error<InternalError>("a value has no word in configs", [&] { word_for(3, kTooFew); });
  EXPECT_EQ(word_for(2, kTooFew), "MEAN_SQUARED_ERROR");
  EXPECT_EQ(meaning_of(root, "loss", "MEAN_SQUARED_ERROR", kLosses), Loss::mean_squared_error);
  EXPECT_EQ(meaning_of(root, "loss", "", kLosses), std::nullopt);
}

}  // namespace
}  // namespace dpml::config
