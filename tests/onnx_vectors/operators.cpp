#include "onnx_vectors/operators.h"

namespace dpml::onnx_vectors {

const std::vector<Operator>& operators() {
  static const std::vector<Operator> all{
      {"Conv", "`conv1d`, `conv2d`", conv},
      {"ConvTranspose", "`conv_transpose1d`, `conv_transpose2d`", conv_transpose},
      {"MaxPool", "`max_pool1d`, `max_pool2d`", max_pool},
      {"AveragePool", "`avg_pool1d`, `avg_pool2d`", average_pool},
      {"GlobalMaxPool", "`adaptive_max_pool2d`", global_max_pool},
      {"GlobalAveragePool", "`adaptive_avg_pool2d`", global_average_pool},
      {"Pad", "`conv2d`, by a kernel of 1", pad},
      {"BatchNormalization", "`frozen_batch_norm`", batch_normalization},
      {"InstanceNormalization", "`instance_norm`", instance_normalization},
      {"LayerNormalization", "`layer_norm`", layer_normalization},
      {"RNN", "`rnn`", rnn},
      {"LSTM", "`lstm`", lstm},
      {"GRU", "`gru`", gru},
      {"Gemm", "`linear`", gemm},
      {"MatMul", "matmul", matmul},
      {"Relu", "`relu`", unary},
      {"LeakyRelu", "`leaky_relu`", unary},
      {"PRelu", "`prelu`", prelu},
      {"Elu", "`elu`", unary},
      {"Selu", "`selu`, elu", unary},
      {"Softplus", "`softplus`", unary},
      {"HardSwish", "`hardswish`", unary},
      {"Sigmoid", "`sigmoid`", unary},
      {"Tanh", "`tanh`", unary},
      {"Exp", "exp", unary},
      {"Log", "log", unary},
      {"Softmax", "`softmax`", along_axis},
      {"LogSoftmax", "`log_softmax`", along_axis},
      {"Add", "add", binary},
      {"Sub", "subtract", binary},
      {"Mul", "multiply", binary},
      {"ReduceSum", "sum", reduce},
      {"ReduceMean", "mean", reduce},
      {"ReduceMax", "`max_over_positions`", reduce},
      {"Flatten", "`flatten`, reshape", flatten},
      {"Reshape", "reshape", reshape},
      {"Transpose", "transpose", transpose},
      {"Concat", "concat", concat},
      {"Slice", "slice", slice},
      {"Gather", "`embedding`", gather},
      {"Dropout", "`dropout`", dropout},
      {"SoftmaxCrossEntropyLoss", "`CROSS_ENTROPY`", cross_entropy},
  };
  return all;
}

Tensor of_sample(const Tensor& x, const std::function<Value(Tape& tape, const Value& x)>& operation) {
  Tape tape({.gradients = false});
  const Tensor y = operation(tape, tape.sample(x.reshaped(x.shape().with_front(1)))).tensor();
  return y.reshaped(y.shape().without_front());
}

Tensor permuted(const Tensor& x, const Numbers& order) {
  const Index rank = x.shape().rank();
  std::vector<Index> strides(static_cast<std::size_t>(rank), 1);  // of x, by axis of x
  for (Index axis = rank - 2; axis >= 0; --axis) {
    strides[static_cast<std::size_t>(axis)] = strides[static_cast<std::size_t>(axis) + 1] * x.axis(axis + 1);
  }
  std::vector<Index> axes;
  for (const std::int64_t axis : order) axes.push_back(x.axis(axis));
  Tensor y{Shape(axes)};
  for (Index to = 0; to < y.size(); ++to) {
    Index rest = to;
    Index from = 0;
    for (Index axis = rank - 1; axis >= 0; --axis) {
      const auto at = static_cast<std::size_t>(axis);
      from += rest % axes[at] * strides[static_cast<std::size_t>(order[at])];
      rest /= axes[at];
    }
    y.mutable_data()[to] = x.data()[from];
  }
  return y;
}

Tensor channels_last(const Tensor& x) {
  Numbers order{0};
  for (Index axis = 2; axis < x.shape().rank(); ++axis) order.push_back(axis);
  order.push_back(1);
  return permuted(x, order);
}

Tensor channels_second(const Tensor& x) {
  Numbers order{0, x.shape().rank() - 1};
  for (Index axis = 1; axis + 1 < x.shape().rank(); ++axis) order.push_back(axis);
  return permuted(x, order);
}

std::int64_t from_the_front(std::int64_t axis, std::int64_t rank) {
  return axis < 0 ? axis + rank : axis;
}

}  // namespace dpml::onnx_vectors
