#include "dpml/layers/positions.h"

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

/// Both sizes follow from the input; more positions than it has may be stated.
template <class L>
class PositionsKind : public config::KindOf<L> {
 public:
  using config::KindOf<L>::KindOf;

  config::LayerKind::Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (!fit.is_sequence(in)) return {};
    PositionOptions options = this->options_;
    fit.agree("features", options.features, in[1], in);
    if (options.positions == 0) options.positions = in[0];
    if (options.positions < in[0]) {
      fit.problem("positions", "is " + std::to_string(options.positions) + ", but the input is " + in.to_text() +
                                   "; state its number of positions or more, or leave it out");
      return {};
    }
    fit.accepts(L::problem_of(options));
    return {refitted(options), in};
  }

  virtual LayerKindHandle refitted(const PositionOptions& options) const = 0;
};

class LearnedPositionsKind final : public PositionsKind<LearnedPositions> {
 public:
  using PositionsKind::PositionsKind;
  LayerKindHandle refitted(const PositionOptions& options) const override { return kinds::learned_positions(options); }
  std::vector<WeightSize> weights() const override { return {{"weight", {options_.positions, options_.features}}}; }
  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    return graph.node("Add", {x, graph.slice(graph.weight("weight"), 0, 0, in[0])});
  }
};

class SinusoidalPositionsKind final : public PositionsKind<SinusoidalPositions> {
 public:
  using PositionsKind::PositionsKind;
  LayerKindHandle refitted(const PositionOptions& options) const override {
    return kinds::sinusoidal_positions(options);
  }
  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    Tape tape;
    const Value zeros = tape.sample(Tensor::zeros(in.with_front(1)));
    const Tensor waves = SinusoidalPositions(options_).forward(tape, zeros).tensor();
    return graph.node("Add", {x, graph.constant("waves", waves.reshaped(in))});
  }
};

PositionOptions read_positions(const config::Section& block) {
  PositionOptions options;
  if (block.states("positions")) options.positions = block.whole_number("positions", config::kSize);
  if (block.states("features")) options.features = block.whole_number("features", config::kSize);
  return options;
}

}  // namespace

LayerKindHandle kinds::learned_positions(const LearnedPositions::Options& options) {
  return std::make_shared<LearnedPositionsKind>(options);
}

LayerKindHandle kinds::sinusoidal_positions(const SinusoidalPositions::Options& options) {
  return std::make_shared<SinusoidalPositionsKind>(options);
}

LayerKindHandle config::read_learned_positions(const Section& block) {
  return kinds::learned_positions(read_positions(block));
}

LayerKindHandle config::read_sinusoidal_positions(const Section& block) {
  return kinds::sinusoidal_positions(read_positions(block));
}

}  // namespace dpml
