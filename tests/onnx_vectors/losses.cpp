#include "dpml/layers/losses.h"

#include "dpml/layers/softmax.h"
#include "onnx_vectors/operators.h"

namespace dpml::onnx_vectors {

/// Every position is a sample of its own, so that the reductions of ONNX, which mix them, are made here.
std::vector<Tensor> cross_entropy(const Case& one) {
  const Tensor logits = channels_last(one.input(0));
  const Tensor& labels = one.input(1);
  const Index classes = logits.axis(-1);
  LossOptions options;
  std::vector<double> weights(static_cast<std::size_t>(classes), 1);
  if (one.has_input(2)) weights.assign(one.input(2).values().begin(), one.input(2).values().end());
  options.class_weights = weights;
  if (one.has("ignore_index")) options.ignore_index = one.whole("ignore_index", 0);
  Tape tape({.gradients = false});
  const Value flat = tape.sample(logits.reshaped(Shape{labels.size(), classes}));
  const Tensor losses = dpml::cross_entropy(tape, flat, labels.reshaped(Shape{labels.size()}), options).tensor();

  const Tensor log_shares = channels_second(apply(LogSoftmax(), logits));
  const std::string reduction = one.text("reduction", "mean");
  if (reduction == "none") return {losses.reshaped(labels.shape()), log_shares};
  double sum = 0;
  double sum_of_weights = 0;
  for (std::size_t i = 0; i < losses.values().size(); ++i) {
    sum += static_cast<double>(losses.values()[i]);
    const auto label = static_cast<Index>(labels.values()[i]);
    if (label != options.ignore_index) sum_of_weights += weights[static_cast<std::size_t>(label)];
  }
  const double reduced = reduction == "sum" ? sum : sum / sum_of_weights;
  return {Tensor::filled(Shape{}, static_cast<float>(reduced)), log_shares};
}

}  // namespace dpml::onnx_vectors
