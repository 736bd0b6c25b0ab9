#include "dpml/layers/embedding.h"

#include "dpml/base/error.h"
#include "dpml/config/layer_kinds.h"
#include "dpml/layers/embedding_bag.h"
#include "dpml/layers/tied_linear.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

/// From an embedding's features back to its vocabulary, by the weight that the embedding holds.
class TiedLinearKind final : public config::LayerKind {
 public:
  explicit TiedLinearKind(Embedding::Options of_embedding) : of_embedding_(std::move(of_embedding)) {}

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (in.rank() > 0 && in[-1] == of_embedding_.features) return {nullptr, result(in)};
    fit.problem("layer", "has " + std::to_string(of_embedding_.features) + " features, but the input is " +
                             in.to_text() + "; make its last axis that long");
    return {};
  }

  std::unique_ptr<Layer> build(Rng&) const override {
    throw InternalError("a tied layer is built by the owner of its weight");
  }

  Shape count(const Shape& in, config::SizeCounter& counter) const override {
    counter.weight("weight", {of_embedding_.vocabulary, of_embedding_.features});
    return counter.recorded(result(in));
  }

  std::string onnx(const std::string& x, const Shape&, config::OnnxGraph& graph) const override {
    return graph.node("MatMul", {x, graph.node("Transpose", {graph.weight("weight")})});
  }

 private:
  Shape result(const Shape& in) const { return in.with_axis(in.rank() - 1, of_embedding_.vocabulary); }

  Embedding::Options of_embedding_;
};

/// Of a layer that takes indices to rows of one weight.
template <class L>
class RowsKind final : public config::KindOf<L> {
 public:
  using config::KindOf<L>::KindOf;

  config::LayerKind::Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (!fit.accepts(L::problem_of(this->options_))) return {};
    return {nullptr, L::output_shape(this->options_, in)};
  }

  bool computes(config::IndexWalk& walk, bool computed_before) const override {
    walk.meet_indices(computed_before);
    return true;
  }

  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    const std::string indices = graph.node("Cast", {x}, {{"to", kInt64}});
    const std::string rows = graph.node("Gather", {graph.weight("weight"), indices});
    if constexpr (std::is_same_v<L, EmbeddingBag>) {
      return of_bags(rows, x, in, graph);
    } else {
      return rows;
    }
  }

  std::optional<config::ModuleKind::MapDown> map_down(Index rank) const override {
    auto options = this->options_;
    options.features = rank;
    return config::ModuleKind::MapDown{std::make_shared<RowsKind>(options), false};
  }

  LayerKindHandle tied() const override {
    if constexpr (std::is_same_v<L, EmbeddingBag>) return nullptr;
    return std::make_shared<TiedLinearKind>(Embedding::Options{
        .vocabulary = this->options_.vocabulary, .features = this->options_.features, .padding_idx = std::nullopt});
  }

  std::unique_ptr<Layer> build_tied(const Layer& owner) const override {
    return std::make_unique<TiedLinear>(dynamic_cast<const Embedding&>(owner).weight());
  }

  std::vector<WeightSize> weights() const override {
    return {{"weight", {this->options_.vocabulary, this->options_.features}}};
  }

 private:
  // TensorProto.DataType
  static constexpr std::int64_t kFloat = 1;
  static constexpr std::int64_t kInt64 = 7;

  /// The row of padding is 0.
  std::string of_bags(const std::string& rows, const std::string& x, const Shape& in, config::OnnxGraph& graph) const {
    const std::string sum = graph.reduce("ReduceSum", rows, {in.rank()});
    switch (this->options_.mode) {
      case EmbeddingBag::Mode::sum:
        return sum;
      case EmbeddingBag::Mode::mean:
        return graph.node("Div", {sum, lengths(x, in, graph)});
    }
    throw InternalError("EmbeddingBag::Mode: not one of the enumerated values");
  }

  /// How many rows of a bag are no padding, 1 for none.
  std::string lengths(const std::string& x, const Shape& in, config::OnnxGraph& graph) const {
    if (!this->options_.padding_idx) return graph.constant(static_cast<float>(std::max<Index>(in[-1], 1)));
    const std::string padding = graph.constant(static_cast<float>(*this->options_.padding_idx));
    const std::string is_row = graph.node("Not", {graph.node("Equal", {x, padding})});
    const std::string count =
        graph.reduce("ReduceSum", graph.node("Cast", {is_row}, {{"to", kFloat}}), {in.rank()}, true);
    return graph.node("Max", {count, graph.constant(1)});
  }
};

constexpr config::WholeRange kVocabulary{1, Tensor::kMaxExactInteger};

std::optional<Index> padding_of(const config::Section& block) {
  if (!block.states("padding_idx")) return std::nullopt;
  return block.whole_number("padding_idx", config::kSizeOrZero);
}

constexpr std::array kModes{
    config::Word<EmbeddingBag::Mode>{"SUM", EmbeddingBag::Mode::sum},
    config::Word<EmbeddingBag::Mode>{"MEAN", EmbeddingBag::Mode::mean},
};

}  // namespace

LayerKindHandle kinds::embedding(const Embedding::Options& options) {
  return std::make_shared<RowsKind<Embedding>>(options);
}

LayerKindHandle kinds::embedding_bag(const EmbeddingBag::Options& options) {
  return std::make_shared<RowsKind<EmbeddingBag>>(options);
}

LayerKindHandle config::read_embedding(const Section& embedding) {
  return kinds::embedding({.vocabulary = embedding.whole_number("vocabulary", kVocabulary),
                           .features = embedding.whole_number("features", kSize),
                           .padding_idx = padding_of(embedding),
                           .initial_std = embedding.number("initial_std", kPositive)});
}

LayerKindHandle config::read_embedding_bag(const Section& bag) {
  return kinds::embedding_bag({.vocabulary = bag.whole_number("vocabulary", kVocabulary),
                               .features = bag.whole_number("features", kSize),
                               .mode = read_choice(bag, "mode", kModes).value_or(EmbeddingBag::Mode::mean),
                               .padding_idx = padding_of(bag)});
}

}  // namespace dpml
