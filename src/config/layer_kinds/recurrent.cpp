#include "dpml/layers/recurrent.h"

#include "dpml/base/error.h"
#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

using Output = RecurrentOptions::Output;

template <class L>
class RecurrentKind final : public config::LayerKind {
 public:
  using Options = typename L::Options;
  explicit RecurrentKind(const Options& options) : options_(options) {}

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (!fit.is_sequence(in)) return {};
    RecurrentKind sized(options_);
    fit.agree("input_size", sized.options_.input_size, in[1], in);
    if (!fit.accepts(L::problem_of(sized.options_))) return {};
    // Throw when they can not be counted.
    Shape{L::kGates * options_.hidden_size, std::max(sized.options_.input_size, directions() * options_.hidden_size)};
    Shape{in[0], std::max(directions() * options_.hidden_size, L::kept_per_position(options_))};
    return {std::make_shared<RecurrentKind>(sized.options_),
            Recurrent::output_shape(sized.options_, in, "the sizes do not fit")};
  }

  std::unique_ptr<Layer> build(Rng& init) const override { return std::make_unique<L>(options_, init); }

  Shape count(const Shape& in, config::SizeCounter& counter) const override {
    const Index hidden = options_.hidden_size;
    const Index gates = L::kGates * hidden;
    for (Index layer = 0; layer < options_.num_layers; ++layer) {
      const Index inputs = layer == 0 ? options_.input_size : directions() * hidden;
      for (Index direction = 0; direction < directions(); ++direction) {
        const std::string suffix = "_l" + std::to_string(layer) + (direction == 0 ? "" : "_reverse");
        counter.weight("weight_ih" + suffix, {gates, inputs});
        counter.weight("weight_hh" + suffix, {gates, hidden});
        if (options_.bias) counter.weight("bias_ih" + suffix, {gates});
        if (options_.bias) counter.weight("bias_hh" + suffix, {gates});
        counter.recorded({in[0], hidden});
        counter.kept({in[0], L::kept_per_position(options_)});
      }
      const bool is_cut = layer == options_.num_layers - 1 && options_.gives_last();
      const Index positions = is_cut ? 1 : in[0];
      if (is_cut) counter.recorded({directions() * hidden});
      if (options_.bidirectional) counter.recorded({positions, directions() * hidden});
    }
    if (!options_.gives_last()) return {in[0], directions() * hidden};
    return counter.recorded({directions() * hidden});
  }

  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    std::string y = x;
    for (Index layer = 0; layer < options_.num_layers; ++layer) y = layer_of(layer, y, graph);
    if (!options_.gives_last()) return y;
    const Index hidden = options_.hidden_size;
    std::vector<std::string> last{graph.slice(graph.slice(y, 1, in[0] - 1, in[0]), 2, 0, hidden)};
    if (options_.bidirectional) last.push_back(graph.slice(graph.slice(y, 1, 0, 1), 2, hidden, 2 * hidden));
    return graph.reshape(graph.concat(last, 2), {0, directions() * hidden});
  }

 private:
  Index directions() const { return options_.bidirectional ? 2 : 1; }

  /// [N, T, ...] -> [N, T, directions hidden]; the operators have T first, and the directions behind it.
  std::string layer_of(Index layer, const std::string& x, config::OnnxGraph& graph) const {
    const std::string suffix = "_l" + std::to_string(layer);
    std::vector<std::string> inputs{graph.transpose(x, {1, 0, 2})};
    for (const char* name : {"weight_ih", "weight_hh"}) inputs.push_back(of_directions({name}, suffix, graph));
    if (options_.bias) inputs.push_back(of_directions({"bias_ih", "bias_hh"}, suffix, graph));
    const std::string y = graph.node(operator_name(), inputs, attributes());
    return graph.reshape(graph.transpose(y, {2, 0, 1, 3}), {0, 0, directions() * options_.hidden_size});
  }

  /// Weights of a layer, gates in the order of ONNX: one behind the other, and the directions in an axis before them.
  std::string of_directions(const std::vector<std::string>& names, const std::string& suffix,
                            config::OnnxGraph& graph) const {
    std::vector<std::string> of_direction;
    for (const std::string& end : {suffix, suffix + "_reverse"}) {
      std::vector<std::string> gates;
      for (const std::string& name : names) {
        for (const Index gate : gate_order()) {
          gates.push_back(
              graph.slice(graph.weight(name + end), 0, gate * options_.hidden_size, (gate + 1) * options_.hidden_size));
        }
      }
      of_direction.push_back(
          graph.node("Unsqueeze", {graph.concat(gates, 0), graph.constant(config::OnnxGraph::Numbers{0})}));
      if (!options_.bidirectional) break;
    }
    return graph.concat(of_direction, 0);
  }

  static const char* operator_name() {
    if constexpr (std::is_same_v<L, LSTM>) return "LSTM";
    if constexpr (std::is_same_v<L, GRU>) return "GRU";
    return "RNN";
  }

  /// Which of PyTorch's gates, i f g o or r z n, comes where in ONNX.
  static std::vector<Index> gate_order() {
    if constexpr (std::is_same_v<L, LSTM>) return {0, 3, 1, 2};
    if constexpr (std::is_same_v<L, GRU>) return {1, 0, 2};
    return {0};
  }

  std::vector<onnx::Attribute> attributes() const {
    std::vector<onnx::Attribute> attributes{{"hidden_size", std::int64_t{options_.hidden_size}},
                                            {"direction", options_.bidirectional ? "bidirectional" : "forward"}};
    if constexpr (std::is_same_v<L, GRU>) attributes.push_back({"linear_before_reset", std::int64_t{1}});
    if constexpr (std::is_same_v<L, RNN>) {
      const auto count = static_cast<std::size_t>(directions());
      attributes.push_back({"activations", std::vector<std::string>(count, function_name(options_.nonlinearity))});
    }
    return attributes;
  }

  static const char* function_name(RNN::Nonlinearity function) {
    switch (function) {
      case RNN::Nonlinearity::tanh:
        return "Tanh";
      case RNN::Nonlinearity::relu:
        return "Relu";
    }
    throw InternalError("RNN::Nonlinearity: not one of the enumerated values");
  }

  Options options_;
};

constexpr std::array kOutputs{
    config::Word<Output>{"ALL", Output::all},
    config::Word<Output>{"LAST", Output::last},
};

constexpr std::array kNonlinearities{
    config::Word<RNN::Nonlinearity>{"TANH", RNN::Nonlinearity::tanh},
    config::Word<RNN::Nonlinearity>{"RELU", RNN::Nonlinearity::relu},
};

/// Layers are counted one by one, so there are not too many to walk through.
constexpr config::WholeRange kLayers{1, 1000};

RecurrentOptions read_recurrent(const config::Section& block) {
  RecurrentOptions options;
  if (block.states("input_size")) options.input_size = block.whole_number("input_size", config::kSize);
  options.hidden_size = block.whole_number("hidden_size", config::kSize);
  options.num_layers = block.whole_number("num_layers", kLayers);
  options.bias = block.flag("bias");
  options.bidirectional = block.flag("bidirectional");
  options.output = read_choice(block, "output", kOutputs).value_or(Output::all);
  return options;
}

}  // namespace

LayerKindHandle kinds::rnn(const RNN::Options& options) {
  return std::make_shared<RecurrentKind<RNN>>(options);
}

LayerKindHandle kinds::lstm(const LSTM::Options& options) {
  return std::make_shared<RecurrentKind<LSTM>>(options);
}

LayerKindHandle kinds::gru(const GRU::Options& options) {
  return std::make_shared<RecurrentKind<GRU>>(options);
}

LayerKindHandle config::read_rnn(const Section& block) {
  return kinds::rnn(
      {read_recurrent(block), read_choice(block, "nonlinearity", kNonlinearities).value_or(RNN::Nonlinearity::tanh)});
}

LayerKindHandle config::read_lstm(const Section& block) {
  return kinds::lstm(read_recurrent(block));
}

LayerKindHandle config::read_gru(const Section& block) {
  return kinds::gru(read_recurrent(block));
}

}  // namespace dpml
