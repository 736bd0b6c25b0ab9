#include "neighbour_models.h"

#include <array>

#include "dpml/layers/activations.h"
#include "dpml/layers/adaptive_pooling.h"
#include "dpml/layers/conv1d.h"
#include "dpml/layers/conv2d.h"
#include "dpml/layers/conv_transpose1d.h"
#include "dpml/layers/conv_transpose2d.h"
#include "dpml/layers/dropout.h"
#include "dpml/layers/embedding.h"
#include "dpml/layers/embedding_bag.h"
#include "dpml/layers/flatten.h"
#include "dpml/layers/graph.h"
#include "dpml/layers/group_norm.h"
#include "dpml/layers/instance_norm.h"
#include "dpml/layers/layer_norm.h"
#include "dpml/layers/linear.h"
#include "dpml/layers/merges.h"
#include "dpml/layers/multihead_attention.h"
#include "dpml/layers/over_positions.h"
#include "dpml/layers/pooling.h"
#include "dpml/layers/recurrent.h"
#include "dpml/layers/residual.h"
#include "dpml/layers/rms_norm.h"
#include "dpml/layers/softmax.h"
#include "dpml/layers/tied_linear.h"

namespace dpml {

namespace {

Index between(Rng& rng, Index low, Index high) {
  return low + static_cast<Index>(rng.below(static_cast<std::uint64_t>(high - low + 1)));
}

std::string text(Index value) {
  return std::to_string(value);
}

/// Layers and, word by word, their names.
class Builder {
 public:
  explicit Builder(Rng& rng) : rng_(rng) {}

  void add_layer(const std::string& word, std::unique_ptr<Layer> layer) {
    model_.layers->add(std::move(layer));
    model_.name += (model_.name.empty() ? "" : ", ") + word;
  }
  template <class L, class... Arguments>
  void add(const std::string& word, Arguments&&... arguments) {
    add_layer(word, std::make_unique<L>(std::forward<Arguments>(arguments)...));
  }
  void linear(Index in, Index out, bool bias = true) {
    add<Linear>("linear " + text(in) + " -> " + text(out), Linear::Options{.in = in, .out = out, .bias = bias}, rng_);
  }
  void activation() {
    switch (rng_.below(7)) {
      case 0:
        return add<ReLU>("relu");
      case 1:
        return add<Tanh>("tanh");
      case 2:
        return add<GELU>("gelu");
      case 3:
        return add<LeakyReLU>("leaky relu", LeakyReLU::Options{.negative_slope = rng_.below(2) == 0 ? 0.01 : -2});
      case 4:
        return add<Softmax>("softmax");
      case 5:
        return add<PReLU>("prelu", PReLU::Options{});
      default:
        return add<Sigmoid>("sigmoid");
    }
  }

  NeighbourModel take(const Shape& input) {
    model_.input = input;
    return std::move(model_);
  }

  /// A loss for outputs of this shape.
  void loss(const Shape& output) {
    constexpr std::array kOfNumbers{Loss::mean_squared_error, Loss::binary_cross_entropy, Loss::huber, Loss::cosine};
    const std::uint64_t which = rng_.below(kOfNumbers.size() + (output.rank() == 1 ? 1 : 0));
    if (which == kOfNumbers.size()) {
      model_.loss = Loss::cross_entropy;
      model_.classes = output[0];
      return;
    }
    model_.loss = kOfNumbers[which];
    model_.target = output;
  }

 private:
  Rng& rng_;
  NeighbourModel model_{.name = "", .layers = std::make_unique<Sequential>()};
};

NeighbourModel perceptron(Rng& rng) {
  Builder builder(rng);
  const Index in = between(rng, 1, 80);
  const Index hidden = between(rng, 1, 20);
  const Index out = between(rng, 1, 5);
  builder.linear(in, hidden, rng.below(2) == 0);
  if (rng.below(2) == 0) builder.activation();
  if (rng.below(3) == 0) builder.add<Dropout>("dropout", Dropout::Options{.probability = 0.3});
  builder.linear(hidden, out);
  builder.loss(Shape{out});
  return builder.take(Shape{in});
}

NeighbourModel one_layer(Rng& rng) {
  Builder builder(rng);
  const Index in = between(rng, 1, 800);
  const Index out = between(rng, 1, 12);
  builder.linear(in, out, false);
  builder.loss(Shape{out});
  return builder.take(Shape{in});
}

NeighbourModel convolution(Rng& rng) {
  Builder builder(rng);
  const Index side = between(rng, 5, 9);
  const Index channels = between(rng, 1, 3);
  builder.add<Conv2d>(
      "conv 3x3", Conv2d::Options{.in_channels = channels, .out_channels = 4, .kernel_height = 3, .kernel_width = 3},
      rng);
  if (rng.below(2) == 0) builder.add<GroupNorm>("group norm", GroupNorm::Options{.groups = 2, .channels = 4});
  builder.activation();
  if (rng.below(2) == 0) {
    builder.add<MaxPool2d>("max pool", MaxPool2d::Options{.kernel = 2, .stride = 1});
  } else {
    builder.add<AvgPool2d>("average pool", AvgPool2d::Options{.kernel = 2, .stride = 1});
  }
  builder.add<Flatten>("flatten");
  builder.linear((side - 3) * (side - 3) * 4, 3);
  builder.loss(Shape{3});
  return builder.take(Shape{side, side, channels});
}

/// Images of other sizes than their windows fill, twice as large and back again.
NeighbourModel images(Rng& rng) {
  Builder builder(rng);
  const Index height = between(rng, 2, 6);
  const Index width = between(rng, 2, 6);
  const Index channels = between(rng, 1, 3);
  builder.add<ConvTranspose2d>("transposed conv 3x2",
                               ConvTranspose2d::Options{.in_channels = channels,
                                                        .out_channels = 4,
                                                        .kernel_height = 3,
                                                        .kernel_width = 2,
                                                        .stride_height = 2,
                                                        .stride_width = 2,
                                                        .padding_height = 1,
                                                        .output_padding_height = 1},
                               rng);  // [2 height, 2 width, 4]
  if (rng.below(2) == 0) builder.add<InstanceNorm>("instance norm", InstanceNorm::Options{.channels = 4});
  builder.activation();
  builder.add<Conv2d>("padded conv 2x3",
                      Conv2d::Options{.in_channels = 4,
                                      .out_channels = 4,
                                      .kernel_height = 2,
                                      .kernel_width = 3,
                                      .groups = 2,
                                      .padding_same = true,
                                      .padding_mode = rng.below(2) == 0 ? PaddingMode::reflect : PaddingMode::zeros},
                      rng);
  switch (rng.below(3)) {
    case 0:
      builder.add<MaxPool2d>("max pool 2x3", MaxPool2d::Options{.kernel = 2, .kernel_width = 3, .ceil_mode = true});
      break;
    case 1:
      builder.add<AdaptiveAvgPool2d>("adaptive average pool", AdaptiveAvgPool2d::Options{3, 2});
      break;
    default:
      builder.add<AdaptiveMaxPool2d>("adaptive max pool", AdaptiveMaxPool2d::Options{3, 2});
  }
  builder.add<MaxOverPositions>("max over positions");
  builder.loss(Shape{4});
  return builder.take(Shape{height, width, channels});
}

/// Convolutions along a sequence.
NeighbourModel line(Rng& rng) {
  Builder builder(rng);
  const Index positions = between(rng, 3, 20);
  const Index channels = between(rng, 1, 4);
  const Index out = between(rng, 1, 6);
  if (rng.below(2) == 0) {
    builder.add<Conv1d>("conv 3 along",
                        Conv1d::Options{.in_channels = channels,
                                        .out_channels = out,
                                        .kernel = 3,
                                        .padding = 2,
                                        .dilation = 2,
                                        .padding_mode = rng.below(2) == 0 ? PaddingMode::circular : PaddingMode::zeros},
                        rng);
  } else {
    builder.add<ConvTranspose1d>(
        "transposed conv 3 along",
        ConvTranspose1d::Options{.in_channels = channels, .out_channels = out, .kernel = 3, .stride = 2, .padding = 1},
        rng);
  }
  if (rng.below(2) == 0) builder.add<RMSNorm>("rms norm", RMSNorm::Options{.normalized = Shape{out}});
  builder.activation();
  builder.add<AvgPool1d>("average pool along", AvgPool1d::Options{.kernel = 2, .ceil_mode = true});
  builder.add<SumOverPositions>("sum over positions");
  builder.linear(out, 3);
  builder.loss(Shape{3});
  return builder.take(Shape{positions, channels});
}

/// Few positions of large layers, whose gradients stay factors.
NeighbourModel sequence(Rng& rng) {
  Builder builder(rng);
  const Index positions = between(rng, 2, 4);
  const Index in = between(rng, 20, 40);
  const Index out = between(rng, 20, 40);
  builder.linear(in, out);
  if (rng.below(2) == 0) builder.add<LayerNorm>("layer norm", LayerNorm::Options{.normalized = Shape{out}});
  if (rng.below(2) == 0) builder.activation();
  builder.loss(Shape{positions, out});
  return builder.take(Shape{positions, in});
}

NeighbourModel residual(Rng& rng) {
  Builder builder(rng);
  const Index width = between(rng, 2, 30);
  builder.linear(width, width);
  auto body = std::make_unique<Sequential>();
  body->add(std::make_unique<LayerNorm>(LayerNorm::Options{.normalized = Shape{width}}));
  body->add(std::make_unique<Linear>(Linear::Options{.in = width, .out = width}, rng));
  body->add(std::make_unique<GELU>());
  builder.add<Residual>("residual of layer norm, linear, gelu", std::move(body));
  builder.loss(Shape{width});
  return builder.take(Shape{width});
}

NeighbourModel attention(Rng& rng) {
  Builder builder(rng);
  const Index positions = between(rng, 1, 12);
  const Index heads = between(rng, 1, 3);
  const Index features = 2 * heads * between(rng, 1, 4);
  const bool grouped = rng.below(2) == 0;
  const bool causal = rng.below(2) == 0;
  const bool rotary = rng.below(2) == 0;
  builder.add<MultiheadAttention>("attention of " + text(heads) + " heads",
                                  MultiheadAttention::Options{.embed_dim = features,
                                                              .num_heads = heads,
                                                              .num_kv_heads = grouped ? 1 : heads,
                                                              .causal = causal,
                                                              .rotary = rotary},
                                  rng);
  builder.add<MeanOverPositions>("mean over positions");
  builder.loss(Shape{features});
  return builder.take(Shape{positions, features});
}

NeighbourModel recurrent(Rng& rng) {
  Builder builder(rng);
  const Index positions = between(rng, 1, 12);
  const Index in = between(rng, 1, 6);
  const Index hidden = between(rng, 1, 20);
  const bool bidirectional = rng.below(2) == 0;
  const RecurrentOptions options{.input_size = in,
                                 .hidden_size = hidden,
                                 .bidirectional = bidirectional,
                                 .output = RecurrentOptions::Output::last};
  if (rng.below(2) == 0) {
    builder.add<LSTM>("lstm", options, rng);
  } else {
    builder.add<GRU>("gru", options, rng);
  }
  builder.loss(Shape{hidden * (bidirectional ? 2 : 1)});
  return builder.take(Shape{positions, in});
}

NeighbourModel words(Rng& rng) {
  Builder builder(rng);
  const Index positions = between(rng, 1, 30);
  const Index vocabulary = between(rng, 2, 20);
  const std::optional<Index> padding = rng.below(2) == 0 ? std::optional<Index>(0) : std::nullopt;
  const std::string word = " of " + text(vocabulary) + (padding ? " with padding" : "");
  const std::uint64_t which = rng.below(3);
  if (which == 0) {
    builder.add<EmbeddingBag>("embedding bag" + word,
                              EmbeddingBag::Options{.vocabulary = vocabulary, .features = 5, .padding_idx = padding},
                              rng);
    builder.loss(Shape{5});
  } else {
    builder.add<Embedding>("embedding" + word,
                           Embedding::Options{.vocabulary = vocabulary, .features = 5, .padding_idx = padding}, rng);
    if (which == 1) {
      builder.add<Flatten>("flatten");
      builder.linear(positions * 5, 3);
      builder.loss(Shape{3});
    } else {
      builder.loss(Shape{positions, 5});
    }
  }
  NeighbourModel model = builder.take(Shape{positions});
  model.vocabulary = vocabulary;
  return model;
}

/// One weight in several places: a linear map that comes back, or an embedding that maps back to its vocabulary.
NeighbourModel shared_weights(Rng& rng) {
  Builder builder(rng);
  const Index positions = between(rng, 1, 12);
  const Index width = between(rng, 1, 12);
  auto graph = std::make_unique<Graph>();
  if (rng.below(2) == 0) {
    graph->add("step", std::make_unique<Linear>(Linear::Options{.in = width, .out = width}, rng));
    graph->add("act", std::make_unique<Tanh>());
    graph->again("step2", "step");
    graph->add("sum", std::make_unique<Add>(), {"step2", "act", Graph::kInput});
    builder.add_layer("graph with a linear layer twice", std::move(graph));
    builder.loss(Shape{positions, width});
    return builder.take(Shape{positions, width});
  }
  const Index vocabulary = between(rng, 2, 20);
  auto embedding = std::make_unique<Embedding>(Embedding::Options{.vocabulary = vocabulary, .features = width}, rng);
  const Parameter& weight = embedding->weight();
  graph->add("tokens", std::move(embedding));
  graph->add("body", std::make_unique<Linear>(Linear::Options{.in = width, .out = width}, rng));
  graph->add("logits", std::make_unique<TiedLinear>(weight));
  builder.add_layer("graph with tied weights", std::move(graph));
  builder.loss(Shape{positions, vocabulary});
  NeighbourModel model = builder.take(Shape{positions});
  model.vocabulary = vocabulary;
  return model;
}

}  // namespace

NeighbourModel random_neighbour_model(Rng& rng) {
  switch (rng.below(11)) {
    case 0:
      return perceptron(rng);
    case 1:
      return one_layer(rng);
    case 2:
      return convolution(rng);
    case 3:
      return sequence(rng);
    case 4:
      return residual(rng);
    case 5:
      return attention(rng);
    case 6:
      return recurrent(rng);
    case 7:
      return images(rng);
    case 8:
      return line(rng);
    case 9:
      return shared_weights(rng);
    default:
      return words(rng);
  }
}

}  // namespace dpml
