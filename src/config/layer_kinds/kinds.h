#pragma once

#include <array>
#include <variant>

#include "dpml/config/layer_kinds.h"
#include "section.h"
#include "words.h"

namespace dpml::config {

// The layers of the schema. Each is read from its block by a function of its file here, problems go to the section;
// nullptr stands for a layer that was refused.
LayerKindHandle read_linear(const Section& block);
LayerKindHandle read_conv2d(const Section& block);
LayerKindHandle read_max_pool2d(const Section& block);
LayerKindHandle read_avg_pool2d(const Section& block);
LayerKindHandle read_embedding(const Section& block);
LayerKindHandle read_group_norm(const Section& block);
LayerKindHandle read_layer_norm(const Section& block);
LayerKindHandle read_flatten(const Section& block);
LayerKindHandle read_relu(const Section& block);
LayerKindHandle read_tanh(const Section& block);
LayerKindHandle read_gelu(const Section& block);
LayerKindHandle read_sigmoid(const Section& block);
LayerKindHandle read_dropout(const Section& block);
LayerKindHandle read_residual(const Section& block);
LayerKindHandle read_sequential(const Section& block);
LayerKindHandle read_batch_norm(const Section& block);
LayerKindHandle read_softmax(const Section& block);
LayerKindHandle read_leaky_relu(const Section& block);
LayerKindHandle read_silu(const Section& block);
LayerKindHandle read_elu(const Section& block);
LayerKindHandle read_selu(const Section& block);
LayerKindHandle read_softplus(const Section& block);
LayerKindHandle read_hardswish(const Section& block);
LayerKindHandle read_prelu(const Section& block);
LayerKindHandle read_log_softmax(const Section& block);
LayerKindHandle read_embedding_bag(const Section& block);
LayerKindHandle read_learned_positions(const Section& block);
LayerKindHandle read_sinusoidal_positions(const Section& block);
LayerKindHandle read_multihead_attention(const Section& block);
LayerKindHandle read_transformer_encoder_layer(const Section& block);
LayerKindHandle read_rnn(const Section& block);
LayerKindHandle read_lstm(const Section& block);
LayerKindHandle read_gru(const Section& block);
LayerKindHandle read_sum_over_positions(const Section& block);
LayerKindHandle read_mean_over_positions(const Section& block);
LayerKindHandle read_max_over_positions(const Section& block);
LayerKindHandle read_conv1d(const Section& block);
LayerKindHandle read_max_pool1d(const Section& block);
LayerKindHandle read_avg_pool1d(const Section& block);
LayerKindHandle read_adaptive_avg_pool1d(const Section& block);
LayerKindHandle read_adaptive_avg_pool2d(const Section& block);
LayerKindHandle read_adaptive_max_pool1d(const Section& block);
LayerKindHandle read_adaptive_max_pool2d(const Section& block);
LayerKindHandle read_conv_transpose1d(const Section& block);
LayerKindHandle read_conv_transpose2d(const Section& block);
LayerKindHandle read_rms_norm(const Section& block);
LayerKindHandle read_instance_norm(const Section& block);
LayerKindHandle read_frozen_batch_norm(const Section& block);
LayerKindHandle read_reshape(const Section& block);
LayerKindHandle read_permute(const Section& block);
LayerKindHandle read_slice(const Section& block);
LayerKindHandle read_add(const Section& block);
LayerKindHandle read_multiply(const Section& block);
LayerKindHandle read_concat(const Section& block);

// Words that stand for the weights of another layer.
SharedWeights read_again(const Section& block);
SharedWeights read_tied_linear(const Section& block);

/// What adapts a layer, beside its kind.
LoraOptions read_lora(const Section& block);

using ReadShared = SharedWeights (*)(const Section& block);
using ReadKind = LayerKindHandle (*)(const Section& block);
using ReadLayer = std::variant<ReadKind, ReadShared>;

/// A row for each word of Layer.kind.
inline constexpr std::array kLayerWords{
    Word<ReadLayer>{"linear", read_linear},
    Word<ReadLayer>{"conv2d", read_conv2d},
    Word<ReadLayer>{"max_pool2d", read_max_pool2d},
    Word<ReadLayer>{"avg_pool2d", read_avg_pool2d},
    Word<ReadLayer>{"embedding", read_embedding},
    Word<ReadLayer>{"group_norm", read_group_norm},
    Word<ReadLayer>{"layer_norm", read_layer_norm},
    Word<ReadLayer>{"flatten", read_flatten},
    Word<ReadLayer>{"relu", read_relu},
    Word<ReadLayer>{"tanh", read_tanh},
    Word<ReadLayer>{"gelu", read_gelu},
    Word<ReadLayer>{"sigmoid", read_sigmoid},
    Word<ReadLayer>{"dropout", read_dropout},
    Word<ReadLayer>{"residual", read_residual},
    Word<ReadLayer>{"sequential", read_sequential},
    Word<ReadLayer>{"batch_norm", read_batch_norm},
    Word<ReadLayer>{"softmax", read_softmax},
    Word<ReadLayer>{"leaky_relu", read_leaky_relu},
    Word<ReadLayer>{"silu", read_silu},
    Word<ReadLayer>{"elu", read_elu},
    Word<ReadLayer>{"selu", read_selu},
    Word<ReadLayer>{"softplus", read_softplus},
    Word<ReadLayer>{"hardswish", read_hardswish},
    Word<ReadLayer>{"prelu", read_prelu},
    Word<ReadLayer>{"log_softmax", read_log_softmax},
    Word<ReadLayer>{"embedding_bag", read_embedding_bag},
    Word<ReadLayer>{"learned_positions", read_learned_positions},
    Word<ReadLayer>{"sinusoidal_positions", read_sinusoidal_positions},
    Word<ReadLayer>{"multihead_attention", read_multihead_attention},
    Word<ReadLayer>{"transformer_encoder_layer", read_transformer_encoder_layer},
    Word<ReadLayer>{"rnn", read_rnn},
    Word<ReadLayer>{"lstm", read_lstm},
    Word<ReadLayer>{"gru", read_gru},
    Word<ReadLayer>{"sum_over_positions", read_sum_over_positions},
    Word<ReadLayer>{"mean_over_positions", read_mean_over_positions},
    Word<ReadLayer>{"max_over_positions", read_max_over_positions},
    Word<ReadLayer>{"conv1d", read_conv1d},
    Word<ReadLayer>{"max_pool1d", read_max_pool1d},
    Word<ReadLayer>{"avg_pool1d", read_avg_pool1d},
    Word<ReadLayer>{"adaptive_avg_pool1d", read_adaptive_avg_pool1d},
    Word<ReadLayer>{"adaptive_avg_pool2d", read_adaptive_avg_pool2d},
    Word<ReadLayer>{"adaptive_max_pool1d", read_adaptive_max_pool1d},
    Word<ReadLayer>{"adaptive_max_pool2d", read_adaptive_max_pool2d},
    Word<ReadLayer>{"conv_transpose1d", read_conv_transpose1d},
    Word<ReadLayer>{"conv_transpose2d", read_conv_transpose2d},
    Word<ReadLayer>{"rms_norm", read_rms_norm},
    Word<ReadLayer>{"instance_norm", read_instance_norm},
    Word<ReadLayer>{"frozen_batch_norm", read_frozen_batch_norm},
    Word<ReadLayer>{"reshape", read_reshape},
    Word<ReadLayer>{"permute", read_permute},
    Word<ReadLayer>{"slice", read_slice},
    Word<ReadLayer>{"add", read_add},
    Word<ReadLayer>{"multiply", read_multiply},
    Word<ReadLayer>{"concat", read_concat},
    Word<ReadLayer>{"again", read_again},
    Word<ReadLayer>{"tied_linear", read_tied_linear},
};

}  // namespace dpml::config
