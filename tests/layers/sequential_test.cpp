#include "dpml/layers/sequential.h"

#include "dpml/layers/batch_norm.h"
#include "dpml/layers/conv2d.h"
#include "dpml/layers/embedding.h"
#include "dpml/layers/flatten.h"
#include "dpml/layers/linear.h"
#include "dpml/layers/pooling.h"
#include "dpml/layers/residual.h"
#include "dpml/testing.h"
#include "try_layer.h"

namespace dpml {
namespace {

std::unique_ptr<Layer> linear(Index in, Index out, Rng& rng) {
  return std::make_unique<Linear>(Linear::Options{.in = in, .out = out}, rng);
}

std::unique_ptr<Sequential> small_network(Rng& rng) {
  auto model = std::make_unique<Sequential>();
  model->add(std::make_unique<Conv2d>(
      Conv2d::Options{.in_channels = 1, .out_channels = 3, .kernel_height = 3, .kernel_width = 3}, rng));
  model->add(std::make_unique<MaxPool2d>(PoolOptions{.kernel = 2}));
  model->add(std::make_unique<Flatten>());
  model->add(linear(12, 2, rng), "head");
  return model;
}

std::vector<std::string> names(Layer& model) {
  std::vector<std::string> found;
  for (const NamedParameter& named : named_parameters(model)) found.push_back(named.name);
  return found;
}

TEST(Sequential, BehavesAsALayer) {
  EXPECT_NO_THROW(expect_layer_conforms(small_network, {3, 6, 6, 1}));
  EXPECT_NO_THROW(expect_layer_conforms([](Rng&) { return std::make_unique<Sequential>(); }, {3, 2}));
  const LayerMaker text = [](Rng& rng) {
    auto model = std::make_unique<Sequential>();
    model->add(std::make_unique<Embedding>(Embedding::Options{.vocabulary = 7, .features = 3}, rng));
    model->add(linear(3, 2, rng));
    return model;
  };
  EXPECT_NO_THROW(expect_layer_conforms(text, {3, 4}, {.vocabulary = 7}));
}

TEST(Sequential, NamesItsChildrenByPlaceUnlessTold) {
  Rng rng = fixed_rng();
  const auto model = small_network(rng);
  EXPECT_EQ(names(*model), (std::vector<std::string>{"0.weight", "0.bias", "head.weight", "head.bias"}));
  EXPECT_EQ(model->children()[3].name, "head");
}

TEST(Sequential, GivesMessagesTheWholePath) {
  Rng rng = fixed_rng();
  auto body = std::make_unique<Sequential>();
  body->add(linear(4, 4, rng));
  auto model = std::make_unique<Sequential>();
  model->add(std::make_unique<Residual>(std::move(body)), "block");
  EXPECT_EQ(names(*model), (std::vector<std::string>{"block.body.0.weight", "block.body.0.bias"}));
  EXPECT_EQ(message_of<ShapeError>([&] { model->output_shape({3}); }),
            "Linear \"block.body.0\": last axis of x is 3, weight [4, 4] expects 4");
  model->set_name("net");
  EXPECT_EQ(message_of<ShapeError>([&] { model->output_shape({3}); }),
            "Linear \"net.block.body.0\": last axis of x is 3, weight [4, 4] expects 4");
}

TEST(Sequential, RefusesNamesThatWouldConfuse) {
  Rng rng = fixed_rng();
  Sequential model;
  model.add(linear(2, 2, rng), "1");
  EXPECT_EQ(message_of<ConfigError>([&] { model.add(linear(2, 2, rng)); }),
            "Sequential: there is a layer \"1\" already; names must differ");
  EXPECT_EQ(message_of<ConfigError>([&] { model.add(linear(2, 2, rng), "a.b"); }),
            "Sequential: layer name \"a.b\" holds a dot; dots separate names of nested layers");
  EXPECT_EQ(message_of<ConfigError>([&] { model.add(nullptr); }), "Sequential: the layer to add is missing");
}

TEST(Residual, BehavesAsALayer) {
  const LayerMaker plain = [](Rng& rng) { return std::make_unique<Residual>(linear(3, 3, rng)); };
  EXPECT_NO_THROW(expect_layer_conforms(plain, {4, 2, 3}));
  const LayerMaker mapped = [](Rng& rng) {
    auto body = linear(3, 2, rng);
    return std::make_unique<Residual>(std::move(body), linear(3, 2, rng));
  };
  EXPECT_NO_THROW(expect_layer_conforms(mapped, {4, 3}));
  const LayerMaker doubling = [](Rng&) { return std::make_unique<Residual>(std::make_unique<Sequential>()); };
  EXPECT_NO_THROW(expect_layer_conforms(doubling, {4, 3}));
}

TEST(Residual, WantsResultsOfOneShape) {
  Rng rng = fixed_rng();
  Residual layer(linear(3, 2, rng));
  layer.set_name("block");
  const std::string expected =
      "Residual \"block\": the body gives [B, 2], the shortcut [B, 3]; expected the same shape. Give a shortcut layer "
      "that maps the input to the body's shape";
  EXPECT_EQ(message_of<ShapeError>([&] { apply(layer, Tensor::zeros({2, 3})); }), expected);
  EXPECT_EQ(message_of<ShapeError>([&] { layer.output_shape({3}); }), expected);
  EXPECT_EQ(message_of<ConfigError>([&] { Residual(nullptr); }), "Residual: the body is missing");
}

TEST(BatchNorm, IsRefusedWithAdvice) {
  EXPECT_EQ(message_of<SampleMixingError>([] { refuse_batch_norm(); }),
            "BatchNorm: normalises over the batch axis, so one sample's gradient would depend on another's. "
            "Use GroupNorm or LayerNorm; or FrozenBatchNorm, with the statistics of weights that were trained before.");
}

}  // namespace
}  // namespace dpml
