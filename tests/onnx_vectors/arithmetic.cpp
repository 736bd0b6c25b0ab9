#include <algorithm>
#include <map>

#include "dpml/autograd/ops.h"
#include "dpml/layers/activations.h"
#include "dpml/layers/linear.h"
#include "dpml/layers/over_positions.h"
#include "dpml/layers/softmax.h"
#include "onnx_vectors/operators.h"

namespace dpml::onnx_vectors {

namespace {

Tensor transposed(const Tensor& matrix) {
  return permuted(matrix, {1, 0});
}

Tensor scaled(const Tensor& x, float factor) {
  return of_sample(x, [&](Tape& tape, const Value& sample) { return scale(tape, sample, factor); });
}

/// Without leading axes of length 1.
Tensor trimmed(const Tensor& x) {
  Shape shape = x.shape();
  while (shape.rank() > 0 && shape[0] == 1) shape = shape.without_front();
  return x.reshaped(shape);
}

bool ends_with(const Shape& shape, const Shape& end) {
  return std::ranges::equal(shape.axes().last(static_cast<std::size_t>(std::min(shape.rank(), end.rank()))),
                            end.axes());
}

}  // namespace

std::vector<Tensor> unary(const Case& one) {
  const auto of_layer = [&](const Layer& layer) {
    return std::vector{
        of_sample(one.input(0), [&](Tape& tape, const Value& sample) { return layer.forward(tape, sample); })};
  };
  const auto of_operation = [&](const std::function<Value(Tape & tape, const Value& x)>& operation) {
    return std::vector{of_sample(one.input(0), operation)};
  };
  if (one.op == "Relu") return of_layer(ReLU());
  if (one.op == "LeakyRelu") return of_layer(LeakyReLU({.negative_slope = one.number("alpha", 0.01F)}));
  if (one.op == "Elu") return of_layer(ELU({.alpha = one.number("alpha", 1)}));
  if (one.op == "Softplus") return of_layer(Softplus({}));
  if (one.op == "HardSwish") return of_layer(Hardswish());
  if (one.op == "Sigmoid") return of_layer(Sigmoid());
  if (one.op == "Tanh") return of_layer(Tanh());
  if (one.op == "Exp") return of_operation([](Tape& tape, const Value& x) { return exp(tape, x); });
  if (one.op == "Log") return of_operation([](Tape& tape, const Value& x) { return log(tape, x); });
  DPML_ASSERT(one.op == "Selu");
  if (!one.has("alpha") && !one.has("gamma")) return of_layer(SELU());
  const float alpha = one.number("alpha", 1.67326319217681884765625F);
  const float gamma = one.number("gamma", 1.05070102214813232421875F);
  return of_operation([&](Tape& tape, const Value& x) { return elu(tape, x, alpha, gamma); });
}

std::vector<Tensor> prelu(const Case& one) {
  const Tensor& x = one.input(0);
  const Tensor slopes = trimmed(one.input(1));
  const Index rank = x.shape().rank();
  // One for each place of axis 1, where ONNX has the channels.
  const bool of_channels =
      rank > 2 && slopes.size() > 1 && slopes.size() == slopes.axis(0) && slopes.axis(0) == x.axis(1);
  if (!of_channels && slopes.shape().rank() > 1) throw LeftOut{"a slope for each number"};
  PReLU layer({.num_parameters = slopes.size()});
  with_weights(layer, {{"weight", slopes.reshaped(Shape{slopes.size()})}});
  if (of_channels) return {channels_second(apply(layer, channels_last(x)))};
  return {of_sample(x, [&](Tape& tape, const Value& sample) { return layer.forward(tape, sample); })};
}

std::vector<Tensor> along_axis(const Case& one) {
  const Tensor& x = one.input(0);
  const Index rank = x.shape().rank();
  constexpr int kOwnAxis = 13;  // the opset since when the other axes stay apart
  const std::int64_t axis = from_the_front(one.whole("axis", one.opset < kOwnAxis ? 1 : -1), rank);
  if (one.opset < kOwnAxis && axis != rank - 1) throw LeftOut{"all axes from one on, as in opsets below 13"};
  Numbers order;
  for (Index i = 0; i < rank; ++i) order.push_back(i);
  std::swap(order[static_cast<std::size_t>(axis)], order.back());
  const auto of_last_axis = [&](Tape& tape, const Value& sample) {
    return one.op == "Softmax" ? Softmax().forward(tape, sample) : LogSoftmax().forward(tape, sample);
  };
  return {permuted(of_sample(permuted(x, order), of_last_axis), order)};
}

std::vector<Tensor> binary(const Case& one) {
  const Tensor& x = one.input(0);
  const Tensor& y = one.input(1);
  Tape tape({.gradients = false});
  const auto as_sample = [&](const Tensor& tensor) {
    return tape.sample(tensor.reshaped(tensor.shape().with_front(1)));
  };
  const auto combined = [&](const Value& a, const Value& b) {
    const Value result = one.op == "Add"   ? add(tape, a, b)
                         : one.op == "Sub" ? subtract(tape, a, b)
                                           : multiply(tape, a, b);
    return std::vector{result.tensor().reshaped(result.sample_shape())};
  };
  if (x.shape() == y.shape()) return combined(as_sample(x), as_sample(y));
  const Tensor of_x = trimmed(x);
  const Tensor of_y = trimmed(y);
  if (ends_with(x.shape(), of_y.shape())) return combined(as_sample(x), tape.shared(of_y));
  if (ends_with(y.shape(), of_x.shape())) return combined(tape.shared(of_x), as_sample(y));
  throw LeftOut{"axes of length 1 repeated in the middle"};
}

std::vector<Tensor> matmul(const Case& one) {
  Tape tape({.gradients = false});
  const auto as_sample = [&](const Tensor& x) { return tape.sample(x.reshaped(x.shape().with_front(1))); };
  const Tensor y = matmul(tape, as_sample(one.input(0)), as_sample(one.input(1))).tensor();
  return {y.reshaped(y.shape().without_front())};
}

/// A bias that differs between rows is added behind the layer.
std::vector<Tensor> gemm(const Case& one) {
  const Tensor x = one.whole("transA", 0) != 0 ? transposed(one.input(0)) : one.input(0);
  const Tensor weight = one.whole("transB", 0) != 0 ? one.input(1) : transposed(one.input(1));
  Rng init = fixed_rng();
  Linear layer({.in = weight.axis(1), .out = weight.axis(0)}, init);
  Tensor bias = Tensor::zeros(Shape{weight.axis(0)});
  Tensor of_rows = bias;
  if (one.has_input(2)) {
    const Tensor c = trimmed(scaled(one.input(2), one.number("beta", 1)));
    if (c.shape().rank() > 1) of_rows = c;
    if (c.shape().rank() == 1) bias = c;
    if (c.shape().rank() == 0) bias = Tensor::filled(bias.shape(), c.values()[0]);
  }
  with_weights(layer, {{"weight", scaled(weight, one.number("alpha", 1))}, {"bias", bias}});
  return {of_sample(x, [&](Tape& tape, const Value& sample) {
    return add(tape, layer.forward(tape, sample), tape.shared(of_rows));
  })};
}

std::vector<Tensor> reduce(const Case& one) {
  const Tensor& x = one.input(0);
  const Index rank = x.shape().rank();
  Numbers axes = one.has_input(1) ? one.numbers(1) : one.wholes("axes", {});
  for (std::int64_t& axis : axes) axis = from_the_front(axis, rank);
  if (axes.empty() && one.whole("noop_with_empty_axes", 0) != 0) return {x};
  Numbers kept;
  Numbers gone;
  std::vector<Index> shape;  // of the result
  for (Index axis = 0; axis < rank; ++axis) {
    const bool goes = axes.empty() || std::ranges::find(axes, axis) != axes.end();
    (goes ? gone : kept).push_back(axis);
    if (!goes) shape.push_back(x.axis(axis));
    if (goes && one.whole("keepdims", 1) != 0) shape.push_back(1);
  }
  if (one.op == "ReduceMax") {  // over all positions, the axes that stay being features
    Numbers order = gone;
    order.insert(order.end(), kept.begin(), kept.end());
    Index positions = 1;
    for (const std::int64_t axis : gone) positions *= x.axis(axis);
    const Tensor flat = permuted(x, order).reshaped(Shape{1, positions, x.size() / positions});
    return {apply(MaxOverPositions(), flat).reshaped(Shape(shape))};
  }
  const auto one_by_one = [&](Tape& tape, const Value& sample) {
    Value value = sample;
    for (auto axis = gone.rbegin(); axis != gone.rend(); ++axis) {
      value = one.op == "ReduceSum" ? sum(tape, value, *axis + 1) : mean(tape, value, *axis + 1);
    }
    return value;
  };
  return {of_sample(x, one_by_one).reshaped(Shape(shape))};
}

}  // namespace dpml::onnx_vectors
