#pragma once

#include <vector>

#include "dpml/config/model_spec.h"
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
#include "dpml/layers/frozen_batch_norm.h"
#include "dpml/layers/group_norm.h"
#include "dpml/layers/instance_norm.h"
#include "dpml/layers/layer_norm.h"
#include "dpml/layers/linear.h"
#include "dpml/layers/merges.h"
#include "dpml/layers/multihead_attention.h"
#include "dpml/layers/over_positions.h"
#include "dpml/layers/pooling.h"
#include "dpml/layers/positions.h"
#include "dpml/layers/rearrange.h"
#include "dpml/layers/recurrent.h"
#include "dpml/layers/residual.h"
#include "dpml/layers/rms_norm.h"
#include "dpml/layers/sequential.h"
#include "dpml/layers/softmax.h"
#include "dpml/layers/transformer_encoder_layer.h"

namespace dpml {

/// Low-rank adaptation (dpml/layers/lora.h) of a linear layer, a convolution without groups or an embedding.
struct LoraOptions {
  Index rank = 0;    ///< > 0
  double alpha = 0;  ///< > 0; the adapter is scaled by alpha / rank
};

}  // namespace dpml

/// Every layer, and how it stands in a ModelSpec. Sizes that follow from the shape of a layer's input may be 0 (an
/// empty shape for layer_norm and rms_norm): in, in_channels, channels, normalized (its last axis then). Options are
/// checked by build_model.
namespace dpml::kinds {

LayerKindHandle linear(const Linear::Options& options);
LayerKindHandle conv1d(const Conv1d::Options& options);
LayerKindHandle conv2d(const Conv2d::Options& options);
LayerKindHandle conv_transpose1d(const ConvTranspose1d::Options& options);
LayerKindHandle conv_transpose2d(const ConvTranspose2d::Options& options);
LayerKindHandle max_pool2d(const MaxPool2d::Options& options);
LayerKindHandle avg_pool2d(const AvgPool2d::Options& options);
LayerKindHandle max_pool1d(const MaxPool1d::Options& options);
LayerKindHandle avg_pool1d(const AvgPool1d::Options& options);
LayerKindHandle adaptive_avg_pool1d(const AdaptiveAvgPool1d::Options& options);
LayerKindHandle adaptive_avg_pool2d(const AdaptiveAvgPool2d::Options& options);
LayerKindHandle adaptive_max_pool1d(const AdaptiveMaxPool1d::Options& options);
LayerKindHandle adaptive_max_pool2d(const AdaptiveMaxPool2d::Options& options);
LayerKindHandle embedding(const Embedding::Options& options);
LayerKindHandle embedding_bag(const EmbeddingBag::Options& options);
LayerKindHandle group_norm(const GroupNorm::Options& options);
LayerKindHandle layer_norm(const LayerNorm::Options& options);
LayerKindHandle rms_norm(const RMSNorm::Options& options);
LayerKindHandle instance_norm(const InstanceNorm::Options& options);
LayerKindHandle frozen_batch_norm(const FrozenBatchNorm::Options& options);
LayerKindHandle dropout(const Dropout::Options& options);
LayerKindHandle flatten();
LayerKindHandle relu();
LayerKindHandle tanh();
LayerKindHandle gelu();
LayerKindHandle sigmoid();
LayerKindHandle leaky_relu(const LeakyReLU::Options& options);
LayerKindHandle silu();
LayerKindHandle elu(const ELU::Options& options);
LayerKindHandle selu();
LayerKindHandle softplus(const Softplus::Options& options);
LayerKindHandle hardswish();
LayerKindHandle prelu(const PReLU::Options& options);
LayerKindHandle softmax();
LayerKindHandle log_softmax();
LayerKindHandle learned_positions(const LearnedPositions::Options& options);
LayerKindHandle sinusoidal_positions(const SinusoidalPositions::Options& options);
LayerKindHandle multihead_attention(const MultiheadAttention::Options& options);
LayerKindHandle transformer_encoder_layer(const TransformerEncoderLayer::Options& options);
LayerKindHandle rnn(const RNN::Options& options);
LayerKindHandle lstm(const LSTM::Options& options);
LayerKindHandle gru(const GRU::Options& options);
LayerKindHandle sum_over_positions();
LayerKindHandle mean_over_positions();
LayerKindHandle max_over_positions();
LayerKindHandle reshape(const Reshape::Options& options);
LayerKindHandle permute(const Permute::Options& options);
LayerKindHandle slice(const Slice::Options& options);
/// Of the results that the LayerSpec names in `from`.
LayerKindHandle add();
LayerKindHandle multiply();
LayerKindHandle concat(const Concat::Options& options);
/// The weights of `base` are not trained, unless ModelSpec::trainable says so.
LayerKindHandle lora(const LoraOptions& options, LayerKindHandle base);
LayerKindHandle sequential(std::vector<LayerSpec> layers);
/// Without a shortcut: the input itself.
LayerKindHandle residual(std::vector<LayerSpec> body, std::vector<LayerSpec> shortcut = {});

}  // namespace dpml::kinds
