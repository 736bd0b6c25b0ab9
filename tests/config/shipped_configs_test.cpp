#include <gtest/gtest.h>

#include <filesystem>

#include "config/small_config.h"
#include "dpml/base/file.h"
#include "dpml/config/build_model.h"
#include "dpml/random/key.h"

namespace dpml {
namespace {

struct Shipped {
  Experiment experiment;
  std::unique_ptr<Layer> model;
  Index parameters = 0;
};

Shipped load(const std::string& name) {
  const std::filesystem::path file = std::filesystem::path(DPML_TEST_DATA).parent_path() / "models" / name;
  Shipped shipped{parse_config(read_file(file), file.string()), nullptr, 0};
  Rng init(Key::from_seed(1), Purpose::initialisation);
  shipped.model = build_model(shipped.experiment.model, shipped.experiment.train.sample_shape, init);
  for (const NamedParameter& named : named_parameters(*shipped.model)) shipped.parameters += named.parameter->size();
  return shipped;
}

TEST(ShippedConfigs, FashionMnistCnnIsTheNetworkThatIsPublished) {
  const Shipped cnn = load("fashion_mnist/cnn.txtpb");
  EXPECT_EQ(cnn.parameters, 26010);  // 16*8*8+16 + 32*16*4*4+32 + 512*32+32 + 32*10+10
  EXPECT_EQ(cnn.experiment.privacy.target_epsilon, 3);
  EXPECT_EQ(cnn.experiment.privacy.delta, 1e-5);
  EXPECT_EQ(cnn.experiment.privacy.neighbours, Neighbours::add_or_remove_one);
  EXPECT_TRUE(cnn.experiment.warnings.empty());
}

TEST(ShippedConfigs, FashionMnistMlpHasThreeLinearLayers) {
  EXPECT_EQ(load("fashion_mnist/mlp.txtpb").parameters, 785 * 256 + 257 * 256 + 257 * 10);
}

/// Published sizes of about 0.27 and 2.7 million, for images of three channels.
TEST(ShippedConfigs, FashionMnistHasTheResidualNetworks) {
  EXPECT_EQ(load("fashion_mnist/resnet20.txtpb").parameters, 272'186);
  EXPECT_EQ(load("fashion_mnist/wrn_16_4.txtpb").parameters, 2'750'858);
  EXPECT_EQ(load("fashion_mnist/logistic_regression.txtpb").parameters, 7'850);
}

TEST(ShippedConfigs, AdultDeclaresItsTable) {
  const Shipped adult = load("adult/mlp.txtpb");
  const CsvSource& source = std::get<CsvSource>(adult.experiment.train.source);
  EXPECT_EQ(source.schema.columns.size(), 15U);
  EXPECT_EQ(adult.experiment.privacy.target_epsilon, 1);
  EXPECT_TRUE(adult.experiment.warnings.empty());
  const std::filesystem::path root = std::filesystem::path(DPML_TEST_DATA).parent_path();
  EXPECT_EQ(source.file, root / "data/adult/adult.data.gz");
}

TEST(ShippedConfigs, AdultReadsItsTable) {
  const Shipped adult = load("adult/mlp.txtpb");
  const CsvSource& train = std::get<CsvSource>(adult.experiment.train.source);
  const CsvSource& test = std::get<CsvSource>(adult.experiment.test->source);
  if (!std::filesystem::exists(train.file)) GTEST_SKIP() << "the Adult table is not at " << train.file;
  EXPECT_EQ(read_csv(train.file, train.schema).dataset.size(), 30162);  // as published with the table
  EXPECT_EQ(read_csv(test.file, test.schema).dataset.size(), 15060);
  EXPECT_EQ(read_csv(train.file, train.schema).dataset.input_shape(), adult.experiment.train.sample_shape);
}

}  // namespace
}  // namespace dpml
