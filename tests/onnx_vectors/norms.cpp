#include "dpml/layers/frozen_batch_norm.h"
#include "dpml/layers/instance_norm.h"
#include "dpml/layers/layer_norm.h"
#include "onnx_vectors/operators.h"

namespace dpml::onnx_vectors {

std::vector<Tensor> batch_normalization(const Case& one) {
  if (one.whole("training_mode", 0) != 0) throw LeftOut{"statistics of the batch, which mix samples"};
  FrozenBatchNorm layer({.channels = one.input(1).size(), .epsilon = one.number("epsilon", 1e-5F)});
  with_weights(layer, {{"weight", one.input(1)},
                       {"bias", one.input(2)},
                       {"running_mean", one.input(3)},
                       {"running_var", one.input(4)}});
  return {channels_second(apply(layer, channels_last(one.input(0))))};
}

std::vector<Tensor> instance_normalization(const Case& one) {
  InstanceNorm layer({.channels = one.input(1).size(), .epsilon = one.number("epsilon", 1e-5F), .affine = true});
  with_weights(layer, {{"weight", one.input(1)}, {"bias", one.input(2)}});
  return {channels_second(apply(layer, channels_last(one.input(0))))};
}

std::vector<Tensor> layer_normalization(const Case& one) {
  const Tensor& x = one.input(0);
  const std::int64_t first = from_the_front(one.whole("axis", -1), x.shape().rank());
  const Shape normalized(x.shape().axes().subspan(static_cast<std::size_t>(first)));
  LayerNorm layer({.normalized = normalized, .epsilon = one.number("epsilon", 1e-5F)});
  with_weights(layer, {{"weight", one.input(1)}});
  if (one.has_input(2)) with_weights(layer, {{"bias", one.input(2)}});
  return {of_sample(x, [&](Tape& tape, const Value& sample) { return layer.forward(tape, sample); })};
}

}  // namespace dpml::onnx_vectors
