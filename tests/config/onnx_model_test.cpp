#include "dpml/config/onnx_model.h"

#include <gtest/gtest.h>

#include "base/expect_error.h"
#include "dpml/base/error.h"
#include "dpml/config/layer_kinds.h"
#include "dpml/config/model_sizes.h"
#include "dpml/onnx/initialisers.h"
#include "layer_kinds/layer_kind.h"

// The file of ONNX by its parts; that ONNX Runtime gets dpml's predictions from it is tested by
// tests/tools/onnx_test.py.

namespace dpml {
namespace {

std::map<std::string, Tensor> weights_of(const ModelSpec& model, const Shape& sample) {
  std::map<std::string, Tensor> weights;
  for (const WeightSize& weight : model_sizes(model, sample).weights) {
    weights.emplace(weight.name, Tensor::filled(weight.shape, 0.5F + static_cast<float>(weights.size())));
  }
  return weights;
}

ModelSpec small_model() {
  return {{{.name = "first", .kind = kinds::linear({.out = 4})},
           {.kind = kinds::residual({{.kind = kinds::linear({.out = 4})}, {.kind = kinds::gelu()}})},
           {.kind = kinds::dropout({.probability = 0.5})}}};
}

TEST(OnnxModel, HoldsTheWeightsUnderTheirNamesAndWhatIsSaidOfThem) {
  const auto weights = weights_of(small_model(), {3});
  const std::vector<std::pair<std::string, std::string>> metadata{{"epsilon", "3"}};
  const std::string file = onnx_model(small_model(), {3}, {.scale = 2, .offset = 1}, weights, metadata);
  EXPECT_EQ(file, onnx_model(small_model(), {3}, {.scale = 2, .offset = 1}, weights, metadata));
  const onnx::Initialisers read(file);
  std::size_t found = 0;
  for (std::size_t i = 0; i < read.names().size(); ++i) {
    const auto weight = weights.find(read.names()[i]);
    if (weight == weights.end()) continue;
    ++found;
    EXPECT_EQ(read.problem_of(i), "");
    EXPECT_EQ(read.shape_of(i), weight->second.shape());
    EXPECT_EQ(read.floats(i).values()[0], weight->second.values()[0]) << weight->first;
  }
  EXPECT_EQ(found, 4U);
  EXPECT_TRUE(weights.contains("1.body.0.weight"));
  for (const char* word : {"dpml", "epsilon", "Gemm", "Erf", "Add", "input", "output"}) {
    EXPECT_NE(file.find(word), std::string::npos) << word;
  }
  EXPECT_EQ(file.find("Dropout"), std::string::npos);
}

class Unwritten final : public config::PlainKind<Tanh> {
 public:
  std::string onnx(const std::string&, const Shape&, config::OnnxGraph& graph) const override { graph.refuse_onnx(); }
};

TEST(OnnxModel, OfALayerWithoutAFormIsRefusedByName) {
  const LayerSpec layer{.name = "odd", .kind = std::make_shared<Unwritten>(), .word = "unwritten"};
  const ModelSpec model{{{.kind = kinds::relu()}, {.name = "block", .kind = kinds::residual({layer})}}};
  expect_error<ConfigError>("layer block.body.odd (unwritten) cannot be written as ONNX",
                            [&] { onnx_model(model, {3}, {}, {}, {}); });
}

}  // namespace
}  // namespace dpml
