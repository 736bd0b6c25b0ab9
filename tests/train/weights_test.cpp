#include "dpml/train/weights.h"

#include "base/expect_error.h"
#include "dpml/base/error.h"
#include "dpml/layers/conv2d.h"
#include "train/small_run.h"
#include "train/small_training.h"

namespace dpml {
namespace {

TEST(Weights, HaveTheNamesAndAxesOfPyTorch) {
  Rng init(Key::from_seed(1), Purpose::initialisation);
  Sequential model;
  Conv2d::Options conv{.in_channels = 2, .out_channels = 3};
  conv.kernel_height = 4;
  conv.kernel_width = 5;
  model.add(std::make_unique<Conv2d>(conv, init), "conv");
  model.add(std::make_unique<Linear>(Linear::Options{.in = 7, .out = 6, .bias = false}, init));
  const std::vector<NamedTensor> weights = named_weights(model);
  ASSERT_EQ(weights.size(), 3U);
  EXPECT_EQ(weights[0].name, "conv.weight");
  EXPECT_EQ(weights[0].value.shape(), (Shape{3, 2, 4, 5}));
  EXPECT_EQ(weights[1].name, "conv.bias");
  EXPECT_EQ(weights[1].value.shape(), (Shape{3}));
  EXPECT_EQ(weights[2].name, "1.weight");
  EXPECT_EQ(weights[2].value.shape(), (Shape{6, 7}));
}

TEST(Weights, ComeBackAsTheyWereInAnyOrder) {
  const auto model = small_model();
  std::vector<NamedTensor> saved = copies_of(named_weights(*model));
  const std::string digest = digest_of(saved);
  for (const NamedParameter& named : named_parameters(*model)) {
    named.parameter->set(Tensor::zeros(named.parameter->shape()));
  }
  EXPECT_NE(digest_of(named_weights(*model)), digest);
  std::reverse(saved.begin(), saved.end());
  load_weights(*model, saved, "a file");
  EXPECT_EQ(digest_of(named_weights(*model)), digest);
}

TEST(Weights, ThatDoNotFitAreAllNamedAndChangeNothing) {
  const auto model = small_model();
  const std::string digest = digest_of(named_weights(*model));
  std::vector<NamedTensor> wrong = copies_of(named_weights(*model));
  for (NamedTensor& weight : wrong) weight.value = Tensor::zeros(weight.value.shape());
  wrong[1].value = Tensor::zeros({9});
  wrong[2].name = "4.weight";
  for (const char* part : {"model.h5: the weights do not fit", "0.bias is [9], the model expects [8]",
                           "3.weight [2, 8] is missing", "4.weight [2, 8] is not in the model"}) {
    expect_error<ConfigError>(part, [&] { load_weights(*model, wrong, "model.h5"); });
  }
  expect_error<ConfigError>("0.weight [8, 4] is missing", [&] { load_weights(*model, {}, "model.h5"); });
  EXPECT_EQ(digest_of(named_weights(*model)), digest);
}

TEST(Weights, OfASizeThatCountsAreThoseOfTheConfigBeforeTheyAreRead) {
  RunExample example;
  example.run("run", {});
  const ModelFile model = read_model_file(example.folder("run").model());
  const auto check = [&](const std::string& config, std::vector<NamedShape> weights) {
    require_believable_weights(config, 2, weights);
  };
  std::vector<NamedShape> right;
  for (const NamedTensor& weight : model.weights) right.push_back({weight.name, weight.value.shape()});
  check(model.config, right);
  check("no config", {{"x", Shape{3}}});  // small: whoever uses it compares
  std::vector<NamedShape> longer = right;
  longer[0].shape = Shape{Index{1} << 31};
  expect_error<ConfigError>("the model expects", [&] { check(model.config, longer); });
  expect_error<ConfigError>("the config", [&] { check("no config", longer); });
  const std::string program =
      describe_program("ward 1.0", example.experiment({}).privacy, Loss::cross_entropy, {.learning_rate = 0.5}, {}, {});
  check(program, {{"x", Shape{Index{1} << 24}}});
  expect_error<ConfigError>("too much for the memory of this machine", [&] {
    check(program, {{"x", Shape{Index{1} << 50}}});
  });
}

}  // namespace
}  // namespace dpml
