#include <cmath>

#include "dpml/autograd/ops.h"
#include "dpml/base/vectorised.h"
#include "dpml/tensor/vector_math.h"

namespace dpml {

namespace {

/// f(a, b) for the numbers of two tensors of the same shape.
template <class Function>
Tensor combined(const Tensor& a, const Tensor& b, Function f) {
  Tensor c(a.shape());
  const float* x = a.data();
  const float* y = b.data();
  float* z = c.mutable_data();
  const Index size = c.size();
  vectorised([=] {
#pragma omp simd
    for (Index i = 0; i < size; ++i) z[i] = f(x[i], y[i]);
  });
  return c;
}

using Values = void (*)(std::span<const float>, std::span<float>);
using Gradients = void (*)(std::span<const float>, std::span<const float>, std::span<float>);

Tensor values_of(Values f, const Tensor& x) {
  Tensor y(x.shape());
  f(x.values(), y.mutable_values());
  return y;
}

/// Records y = f(x) whose gradient is computed from `known`, x or y.
Value record_with(Tape& tape, std::string_view op, const Value& x, Tensor y, const Tensor& known, Gradients gradients) {
  return tape.record(op, {x}, {}, std::move(y), [x, known, gradients](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] {
      Tensor dx(dy.shape());
      gradients(known.values(), dy.values(), dx.mutable_values());
      return dx;
    });
  });
}

}  // namespace

Value relu(Tape& tape, const Value& x) {
  Tensor y(x.shape());
  const float* from = x.tensor().data();
  float* to = y.mutable_data();
  const Index size = y.size();
  vectorised([=] {
#pragma omp simd
    for (Index i = 0; i < size; ++i) to[i] = 0.0F > from[i] ? 0.0F : from[i];  // NaN stays
  });
  return tape.record("relu", {x}, {}, y, [x, y](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] { return combined(y, dy, [](float value, float slope) { return value <= 0.0F ? 0.0F : slope; }); });
  });
}

Value leaky_relu(Tape& tape, const Value& x, float negative_slope) {
  const auto scaled = [negative_slope](float sign, float number) {
    return sign > 0.0F ? number : negative_slope * number;  // NaN stays
  };
  return tape.record("leaky_relu", {x}, {}, combined(x.tensor(), x.tensor(), scaled),
                     [x, scaled](const Tensor& dy, Cotangents& send) {
                       send.to(x, [&] { return combined(x.tensor(), dy, scaled); });
                     });
}

Value tanh(Tape& tape, const Value& x) {
  const Tensor y = values_of(tanh_values, x.tensor());
  return record_with(tape, "tanh", x, y, y, tanh_gradients);
}

Value sigmoid(Tape& tape, const Value& x) {
  const Tensor y = values_of(sigmoid_values, x.tensor());
  return record_with(tape, "sigmoid", x, y, y, sigmoid_gradients);
}

Value gelu(Tape& tape, const Value& x) {
  return record_with(tape, "gelu", x, values_of(gelu_values, x.tensor()), x.tensor(), gelu_gradients);
}

Value exp(Tape& tape, const Value& x) {
  const Tensor y = values_of(exp_values, x.tensor());
  return tape.record("exp", {x}, {}, y, [x, y](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] { return combined(y, dy, [](float value, float slope) { return value * slope; }); });
  });
}

Value log(Tape& tape, const Value& x) {
  Tensor y(x.shape());
  for (Index i = 0; i < y.size(); ++i) y.mutable_data()[i] = std::log(x.tensor().data()[i]);
  return tape.record("log", {x}, {}, std::move(y), [x](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] { return combined(x.tensor(), dy, [](float value, float slope) { return slope / value; }); });
  });
}

}  // namespace dpml
