#include <algorithm>
#include <cmath>

#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"
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
  return tape.record_trusted(op, {x}, {}, std::move(y), [x, known, gradients](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] {
      Tensor dx(dy.shape());
      gradients(known.values(), dy.values(), dx.mutable_values());
      return dx;
    });
  });
}

/// [B, channels]: what each sample's numbers below 0 say about the slope of their channel, added up in double.
Tensor slope_gradients(const Tensor& x, const Tensor& dy, Index channels) {
  const Index batch = x.shape()[0];
  Tensor gradient(Shape{batch, channels});
  const Index size = batch == 0 ? 0 : x.size() / batch;
  std::vector<double> sums(static_cast<std::size_t>(channels));
  for (Index b = 0; b < batch; ++b) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (Index i = 0; i < size; ++i) {
      const double number = static_cast<double>(x.data()[b * size + i]);
      const double slope = static_cast<double>(dy.data()[b * size + i]);
      if (!(number > 0)) sums[static_cast<std::size_t>(i % channels)] += number * slope;
    }
    for (Index c = 0; c < channels; ++c) {
      gradient.mutable_data()[b * channels + c] = static_cast<float>(sums[static_cast<std::size_t>(c)]);
    }
  }
  return gradient;
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
  return tape.record_trusted("relu", {x}, {}, y, [x, y](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] { return combined(y, dy, [](float value, float slope) { return value <= 0.0F ? 0.0F : slope; }); });
  });
}

Value leaky_relu(Tape& tape, const Value& x, float negative_slope) {
  const auto scaled = [negative_slope](float sign, float number) {
    return sign > 0.0F ? number : negative_slope * number;  // NaN stays
  };
  return tape.record_trusted("leaky_relu", {x}, {}, combined(x.tensor(), x.tensor(), scaled),
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

Value silu(Tape& tape, const Value& x) {
  return record_with(tape, "silu", x, values_of(silu_values, x.tensor()), x.tensor(), silu_gradients);
}

Value elu(Tape& tape, const Value& x, float alpha, float scale) {
  Tensor y(x.shape());
  elu_values(x.tensor().values(), alpha, scale, y.mutable_values());
  return tape.record_trusted("elu", {x}, {}, std::move(y), [x, alpha, scale](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] {
      Tensor dx(dy.shape());
      elu_gradients(x.tensor().values(), dy.values(), alpha, scale, dx.mutable_values());
      return dx;
    });
  });
}

Value softplus(Tape& tape, const Value& x, float beta, float threshold) {
  Tensor y(x.shape());
  softplus_values(x.tensor().values(), beta, threshold, y.mutable_values());
  return tape.record_trusted(
      "softplus", {x}, {}, std::move(y), [x, beta, threshold](const Tensor& dy, Cotangents& send) {
        send.to(x, [&] {
          Tensor dx(dy.shape());
          softplus_gradients(x.tensor().values(), dy.values(), beta, threshold, dx.mutable_values());
          return dx;
        });
      });
}

Value hardswish(Tape& tape, const Value& x) {
  const auto value = [](float number, float) {
    const float between = number * ((number + 3.0F) / 6.0F);
    return number >= 3.0F ? number : number <= -3.0F ? 0.0F : between;
  };
  return tape.record_trusted("hardswish", {x}, {}, combined(x.tensor(), x.tensor(), value),
                             [x](const Tensor& dy, Cotangents& send) {
                               send.to(x, [&] {
                                 return combined(x.tensor(), dy, [](float number, float slope) {
                                   const float between = slope * (number / 3.0F + 0.5F);
                                   return number >= 3.0F ? slope : number <= -3.0F ? 0.0F : between;
                                 });
                               });
                             });
}

Value prelu(Tape& tape, const Value& x, const Parameter& slope) {
  const Index channels = slope.size();
  if (slope.shape().rank() != 1 || (channels != 1 && (x.sample_shape().rank() == 0 || x.shape()[-1] != channels))) {
    throw ShapeError("prelu: the slope is " + slope.shape().to_text() +
                     ", expected [1], or a number for each place of the last axis of x " + x.shape().to_text());
  }
  const auto scaled = [channels, slopes = slope.tensor()](const Tensor& sign, const Tensor& numbers) {
    Tensor y(sign.shape());
    for (Index i = 0; i < y.size(); ++i) {
      const float number = numbers.data()[i];
      y.mutable_data()[i] = sign.data()[i] > 0.0F ? number : slopes.data()[i % channels] * number;  // NaN stays
    }
    return y;
  };
  Tensor y = scaled(x.tensor(), x.tensor());
  return tape.record_trusted(
      "prelu", {x}, {slope}, std::move(y), [x, &slope, scaled](const Tensor& dy, Cotangents& send) {
        send.to(x, [&] { return scaled(x.tensor(), dy); });
        send.to(slope, [&] { return PerSampleGrad::dense(slope_gradients(x.tensor(), dy, slope.size())); });
      });
}

Value exp(Tape& tape, const Value& x) {
  const Tensor y = values_of(exp_values, x.tensor());
  return tape.record_trusted("exp", {x}, {}, y, [x, y](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] { return combined(y, dy, [](float value, float slope) { return value * slope; }); });
  });
}

Value log(Tape& tape, const Value& x) {
  Tensor y(x.shape());
  for (Index i = 0; i < y.size(); ++i) y.mutable_data()[i] = std::log(x.tensor().data()[i]);
  return tape.record_trusted("log", {x}, {}, std::move(y), [x](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] { return combined(x.tensor(), dy, [](float value, float slope) { return slope / value; }); });
  });
}

}  // namespace dpml
