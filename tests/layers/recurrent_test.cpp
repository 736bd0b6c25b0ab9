#include "dpml/layers/recurrent.h"

#include <cmath>

#include "dpml/testing.h"
#include "golden.h"
#include "try_layer.h"

namespace dpml {
namespace {

using Output = RecurrentOptions::Output;

constexpr RecurrentOptions kTwoLayersBothWays{
    .input_size = 3, .hidden_size = 4, .num_layers = 2, .bidirectional = true};

RecurrentOptions last_of(RecurrentOptions options) {
  options.output = Output::last;
  return options;
}

template <class L>
void expect_conforms(const typename L::Options& options, const std::vector<Shape>& shapes) {
  const LayerMaker make = [&](Rng& rng) { return std::make_unique<L>(options, rng); };
  for (const Shape& x : shapes) {
    SCOPED_TRACE(x.to_text());
    EXPECT_NO_THROW(expect_layer_conforms(make, x));
  }
}

template <class L>
void expect_family_conforms() {
  using Options = typename L::Options;
  const std::vector<Shape> shapes{{3, 4, 3}, {3, 1, 3}, {0, 4, 3}};
  expect_conforms<L>(Options{kTwoLayersBothWays}, {{3, 4, 3}, {3, 0, 3}});
  expect_conforms<L>(Options{RecurrentOptions{.input_size = 3, .hidden_size = 3}}, shapes);  // used on its own result
  expect_conforms<L>(Options{last_of({.input_size = 3, .hidden_size = 5, .bias = false})}, shapes);
  expect_conforms<L>(Options{last_of(kTwoLayersBothWays)}, shapes);
  expect_conforms<L>(Options{RecurrentOptions{.input_size = 2, .hidden_size = 19}}, {{3, 9, 2}});
}

TEST(RNN, BehavesAsALayer) {
  expect_family_conforms<RNN>();
  expect_conforms<RNN>({{.input_size = 3, .hidden_size = 4}, RNN::Nonlinearity::relu}, {{3, 4, 3}});
}

TEST(LSTM, BehavesAsALayer) {
  expect_family_conforms<LSTM>();
}

TEST(GRU, BehavesAsALayer) {
  expect_family_conforms<GRU>();
}

const std::vector<std::string> kNamesOfTwo{
    "weight_ih_l0",         "weight_hh_l0",         "bias_ih_l0",         "bias_hh_l0",
    "weight_ih_l0_reverse", "weight_hh_l0_reverse", "bias_ih_l0_reverse", "bias_hh_l0_reverse",
    "weight_ih_l1",         "weight_hh_l1",         "bias_ih_l1",         "bias_hh_l1",
    "weight_ih_l1_reverse", "weight_hh_l1_reverse", "bias_ih_l1_reverse", "bias_hh_l1_reverse"};

template <class L>
void expect_that_of_pytorch(const std::string& name, const typename L::Options& options,
                            const std::vector<std::string>& parameters) {
  Rng rng = fixed_rng();
  L layer(options, rng);
  expect_golden(name, layer, parameters);
}

TEST(RNN, IsThatOfPyTorch) {
  expect_that_of_pytorch<RNN>("rnn", {kTwoLayersBothWays}, kNamesOfTwo);
  expect_that_of_pytorch<RNN>("rnn_relu", {{.input_size = 3, .hidden_size = 4, .bias = false}, RNN::Nonlinearity::relu},
                              {"weight_ih_l0", "weight_hh_l0"});
}

TEST(LSTM, IsThatOfPyTorch) {
  expect_that_of_pytorch<LSTM>("lstm", kTwoLayersBothWays, kNamesOfTwo);
  expect_that_of_pytorch<LSTM>("lstm_last", last_of(kTwoLayersBothWays), kNamesOfTwo);
}

TEST(GRU, IsThatOfPyTorch) {
  expect_that_of_pytorch<GRU>("gru", kTwoLayersBothWays, kNamesOfTwo);
  expect_that_of_pytorch<GRU>("gru_last", last_of(kTwoLayersBothWays), kNamesOfTwo);
}

TEST(Recurrent, StartsUniformWithinOneOverRootOfItsStates) {
  Rng rng = fixed_rng();
  GRU layer({.input_size = 7, .hidden_size = 100}, rng);
  for (const NamedParameter& named : named_parameters(layer)) {
    double largest = 0;
    for (const float value : named.parameter->tensor().values()) largest = std::max(largest, std::fabs(double{value}));
    // 300 draws or more: below 95 % of the bound with probability 2e-7.
    EXPECT_LE(largest, 0.1 + 1e-8) << named.name;
    EXPECT_GT(largest, 0.095) << named.name;
  }
}

TEST(Recurrent, CountsWhatItKeeps) {
  Rng rng = fixed_rng();
  const LSTM layer(last_of({.input_size = 3, .hidden_size = 4}), rng);
  Tape tape;
  layer.forward(tape, tape.sample(random_tensor({1, 6, 3})));
  EXPECT_EQ(tape.recorded_numbers(), 6 * 4 + 6 * 20 + 4 + 4);  // states, gates and cells, the last one and its shape
}

TEST(Recurrent, RefusesImpossibleOptionsAndShapes) {
  Rng rng = fixed_rng();
  EXPECT_EQ(message_of<ConfigError>([&] { LSTM({.input_size = 0, .hidden_size = 2}, rng); }),
            "LSTM: input_size is 0, expected 1 or more");
  EXPECT_EQ(message_of<ConfigError>([&] { GRU({.input_size = 2, .hidden_size = 2, .num_layers = 0}, rng); }),
            "GRU: num_layers is 0, expected 1 or more");
  EXPECT_EQ(message_of<ConfigError>([&] { RNN({{.input_size = 2, .hidden_size = Index{1} << 50}}, rng); }),
            "RNN: hidden_size is 1125899906842624, expected at most 1099511627776");
  LSTM layer({.input_size = 3, .hidden_size = 4, .output = Output::last}, rng);
  layer.set_name("text");
  EXPECT_EQ(message_of<ShapeError>([&] {
              apply(layer, Tensor::zeros({2, 5, 4}));
            }),
            "LSTM \"text\": x is [B, 5, 4], expected [B, T, 3]");
  EXPECT_EQ(message_of<ShapeError>([&] {
              apply(layer, Tensor::zeros({2, 0, 3}));
            }),
            "LSTM \"text\": there is no last position in x, [B, 0, 3]");
}

}  // namespace
}  // namespace dpml
