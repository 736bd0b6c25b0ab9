#include "dpml/layers/embedding.h"

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

class EmbeddingKind final : public config::KindOf<Embedding> {
 public:
  using KindOf::KindOf;

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (!fit.accepts(Embedding::problem_of(options_))) return {};
    return {nullptr, Embedding::output_shape(options_, in)};
  }

  bool computes(config::IndexWalk& walk, bool computed_before) const override {
    walk.meet_indices(computed_before);
    return true;
  }

  std::string onnx(const std::string& x, const Shape&, config::OnnxGraph& graph) const override {
    constexpr std::int64_t kInt64 = 7;  // TensorProto.DataType
    return graph.node("Gather", {graph.weight("weight"), graph.node("Cast", {x}, {{"to", kInt64}})});
  }

  std::vector<WeightSize> weights() const override { return {{"weight", {options_.vocabulary, options_.features}}}; }
};

}  // namespace

LayerKindHandle kinds::embedding(const Embedding::Options& options) {
  return std::make_shared<EmbeddingKind>(options);
}

LayerKindHandle config::read_embedding(const Section& embedding) {
  constexpr WholeRange kVocabulary{1, Tensor::kMaxExactInteger};
  return kinds::embedding({.vocabulary = embedding.whole_number("vocabulary", kVocabulary),
                           .features = embedding.whole_number("features", kSize)});
}

}  // namespace dpml
