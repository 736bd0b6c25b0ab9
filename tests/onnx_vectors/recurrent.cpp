#include "dpml/layers/recurrent.h"

#include <algorithm>

#include "onnx_vectors/operators.h"

namespace dpml::onnx_vectors {

namespace {

// Inputs of RNN, LSTM and GRU.
constexpr std::size_t kWeight = 1;
constexpr std::size_t kRecurrentWeight = 2;
constexpr std::size_t kBias = 3;
constexpr std::size_t kLengths = 4;
constexpr std::size_t kFirstState = 5;
constexpr std::size_t kFirstCell = 6;
constexpr std::size_t kPeepholes = 7;

bool is_only(const Tensor& tensor, float number) {
  return std::all_of(tensor.values().begin(), tensor.values().end(), [&](float value) { return value == number; });
}

/// Rows of one direction, [gates hidden, ...] behind `begin`, with gates in PyTorch's order: `order` says where ONNX
/// has each of them.
Tensor in_order(const Tensor& weights, Index direction, Index begin, const Numbers& order, Index hidden) {
  const Tensor rows = weights.rows(direction, direction + 1).reshaped(weights.shape().without_front());
  Tensor result(rows.rows(0, std::ssize(order) * hidden).shape());
  const Index size = result.size() / std::ssize(order);
  float* to = result.mutable_data();
  for (const std::int64_t gate : order) {
    const Index first = begin + gate * hidden;
    to = std::copy_n(rows.rows(first, first + hidden).data(), size, to);
  }
  return result;
}

/// x [T, N, inputs] of layout 0, as dpml has it.
bool has_batch_first(const Case& one) {
  return one.whole("layout", 0) == 1;
}

void require_plain(const Case& one, Index steps) {
  if (one.has_input(kPeepholes)) throw LeftOut{"peepholes"};
  if (one.has("clip")) throw LeftOut{"clipped gates"};
  if (one.text("direction", "forward") == "reverse") throw LeftOut{"the reverse direction alone"};
  if (one.has_input(kLengths) && !is_only(one.input(kLengths), static_cast<float>(steps))) {
    throw LeftOut{"sequences of several lengths"};
  }
  for (const std::size_t first : {kFirstState, kFirstCell}) {
    if (one.has_input(first) && !is_only(one.input(first), 0)) throw LeftOut{"a first state that is not 0"};
  }
}

template <class L>
std::vector<Tensor> states(const Case& one, typename L::Options options, const Numbers& order) {
  const Tensor x = has_batch_first(one) ? one.input(0) : permuted(one.input(0), {1, 0, 2});
  const Index batch = x.axis(0);
  const Index steps = x.axis(1);
  require_plain(one, steps);
  const Tensor& weight = one.input(kWeight);  // [directions, gates hidden, inputs]
  const Index directions = weight.axis(0);
  const Index hidden = one.input(kRecurrentWeight).axis(2);
  options.input_size = x.axis(2);
  options.hidden_size = hidden;
  options.bidirectional = directions == 2;
  options.bias = one.has_input(kBias);
  const auto run = [&](RecurrentOptions::Output output) {
    options.output = output;
    Rng init = fixed_rng();
    L layer(options, init);
    for (Index direction = 0; direction < directions; ++direction) {
      const std::string suffix = direction == 0 ? "_l0" : "_l0_reverse";
      with_weights(layer, {{"weight_ih" + suffix, in_order(weight, direction, 0, order, hidden)},
                           {"weight_hh" + suffix, in_order(one.input(kRecurrentWeight), direction, 0, order, hidden)}});
      if (!options.bias) continue;
      const Index gates = std::ssize(order) * hidden;
      with_weights(layer, {{"bias_ih" + suffix, in_order(one.input(kBias), direction, 0, order, hidden)},
                           {"bias_hh" + suffix, in_order(one.input(kBias), direction, gates, order, hidden)}});
    }
    return apply(layer, x);
  };
  const Tensor all = run(RecurrentOptions::Output::all).reshaped(Shape{batch, steps, directions, hidden});
  const Tensor last = run(RecurrentOptions::Output::last).reshaped(Shape{batch, directions, hidden});
  if (has_batch_first(one)) return {all, last};
  return {permuted(all, {1, 2, 0, 3}), permuted(last, {1, 0, 2})};
}

}  // namespace

std::vector<Tensor> rnn(const Case& one) {
  RNN::Options options;
  for (const std::string& function : one.texts("activations")) {
    if (function != "Tanh" && function != "Relu") throw LeftOut{"another activation"};
    if (function == "Relu") options.nonlinearity = RNN::Nonlinearity::relu;
  }
  return states<RNN>(one, options, {0});
}

std::vector<Tensor> lstm(const Case& one) {
  if (one.has("activations")) throw LeftOut{"other activations"};
  return states<LSTM>(one, {}, {0, 2, 3, 1});
}

std::vector<Tensor> gru(const Case& one) {
  if (one.has("activations")) throw LeftOut{"other activations"};
  const Index steps = one.input(0).axis(has_batch_first(one) ? 1 : 0);
  const bool has_recurrent_bias =
      one.has_input(kBias) && !is_only(in_order(one.input(kBias), 0, one.input(kBias).axis(1) / 2, {0, 1, 2},
                                                one.input(kRecurrentWeight).axis(2)),
                                       0);
  // After one step from 0 both forms are the same.
  if (one.whole("linear_before_reset", 0) == 0 && (steps > 1 || has_recurrent_bias)) {
    throw LeftOut{"the reset gate before the product with the state"};
  }
  return states<GRU>(one, {}, {1, 0, 2});
}

}  // namespace dpml::onnx_vectors
