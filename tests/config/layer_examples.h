#pragma once

#include <map>
#include <set>
#include <string>

namespace dpml {

/// One of each word of the schema, for input_of it.
inline const std::map<std::string, std::string> kExamples = {
    {"linear", "out: 3"},
    {"conv2d", "out_channels: 4 kernel: [3, 2] groups: 2 padding_same: true padding_mode: CIRCULAR"},
    {"max_pool2d", "kernel: 2 stride: 1 kernel_width: 4 stride_width: 3 padding_width: 1 ceil_mode: true"},
    {"avg_pool2d", "kernel: 3 padding: 1 stride: 4 ceil_mode: true"},
    {"embedding", "vocabulary: 3 features: 2"},
    {"group_norm", "groups: 2"},
    {"layer_norm", "shape: [6, 4]"},
    {"flatten", ""},
    {"relu", ""},
    {"tanh", ""},
    {"gelu", ""},
    {"sigmoid", ""},
    {"dropout", "probability: 0.5"},
    {"residual", "body { layer { linear { out: 4 } } }"},
    {"sequential", "layer { linear { out: 3 } } layer { tanh {} }"},
    {"softmax", ""},
    {"leaky_relu", "negative_slope: 0.2"},
    {"silu", ""},
    {"elu", "alpha: 0.5"},
    {"selu", ""},
    {"softplus", "beta: 2"},
    {"hardswish", ""},
    {"prelu", "num_parameters: 4"},
    {"log_softmax", ""},
    {"embedding_bag", "vocabulary: 3 features: 2 padding_idx: 1"},
    {"learned_positions", "positions: 8"},
    {"sinusoidal_positions", ""},
    {"multihead_attention", "num_heads: 4 num_kv_heads: 2 causal: true"},
    {"transformer_encoder_layer", "nhead: 2 dim_feedforward: 5"},
    {"rnn", "hidden_size: 3 nonlinearity: RELU"},
    {"lstm", "hidden_size: 3 num_layers: 2 bidirectional: true"},
    {"gru", "hidden_size: 3 bias: false output: LAST bidirectional: true"},
    {"sum_over_positions", ""},
    {"mean_over_positions", ""},
    {"max_over_positions", ""},
    {"conv1d", "out_channels: 6 kernel: 3 groups: 2 padding_same: true padding_mode: REFLECT"},
    {"max_pool1d", "kernel: 3 padding: 1"},
    {"avg_pool1d", "kernel: 4 ceil_mode: true"},
    {"adaptive_avg_pool1d", "output_size: 4"},
    {"adaptive_avg_pool2d", "output_size: [4, 1]"},
    {"adaptive_max_pool1d", "output_size: 8"},
    {"adaptive_max_pool2d", "output_size: 1"},
    {"conv_transpose1d", "out_channels: 6 kernel: 3 stride: 2 output_padding: 1 groups: 2"},
    {"rms_norm", "shape: [6, 4]"},
    {"instance_norm", "affine: true"},
    {"frozen_batch_norm", ""},
    {"conv_transpose2d", "out_channels: 2 kernel: [3, 2] stride: [1, 2] padding: [1, 0] bias: false"},
    {"reshape", "shape: [4, -1]"},
    {"permute", "axes: [3, 1, 2]"},
    {"slice", "axis: 1 begin: 1 end: -1"},
    {"add", ""},
    {"multiply", ""},
    {"concat", "axis: 2"},
    {"again", "layer: \"first\""},
    {"tied_linear", "layer: \"first\""},
};

/// The input of an example; sequences have two axes.
inline std::string input_of(const std::string& word) {
  const std::set<std::string> sequences{"learned_positions",
                                        "sinusoidal_positions",
                                        "multihead_attention",
                                        "transformer_encoder_layer",
                                        "rnn",
                                        "lstm",
                                        "gru",
                                        "conv1d",
                                        "max_pool1d",
                                        "avg_pool1d",
                                        "adaptive_avg_pool1d",
                                        "adaptive_max_pool1d",
                                        "conv_transpose1d"};
  return sequences.contains(word) ? "[6, 4]" : "[6, 6, 4]";
}

/// A model around the example of a word, or around other options of it: merges and shared weights need other layers.
inline std::string example_model(const std::string& word, const std::string& options) {
  const std::string block = word + " { " + options + " }";
  if (word == "add" || word == "multiply" || word == "concat") {
    return R"(layer { name: "first" linear { out: 4 } } layer { from: ["input", "first", "first"] )" + block + " }";
  }
  if (word == "again") return R"(layer { name: "first" linear { out: 4 } } layer { )" + block + " }";
  if (word == "tied_linear")
    return R"(layer { name: "first" embedding { vocabulary: 3 features: 2 } } layer { )" + block + " }";
  return "layer { " + block + " }";
}

}  // namespace dpml
