#include <cmath>

#include "axes.h"
#include "dpml/autograd/ops.h"
#include "dpml/base/vectorised.h"
#include "dpml/tensor/reductions.h"
#include "dpml/tensor/vector_math.h"

namespace dpml {

namespace {

std::span<const float> row_of(const Tensor& x, Index begin, Index length) {
  return x.values().subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(length));
}

/// factor times the sum along an axis.
Tensor summed(const Tensor& x, Index axis, double factor) {
  const AxisView view(x.shape(), axis);
  Tensor y = Tensor::zeros(without_axis(x.shape(), axis));
  float* to = y.mutable_data();
  if (view.inner == 1) {
    for (Index outer = 0; outer < view.outer; ++outer) {
      to[outer] = static_cast<float>(factor * sum_of(row_of(x, outer * view.length, view.length)));
    }
    return y;
  }
  vectorised([&] {
    for (Index outer = 0; outer < view.outer; ++outer, to += view.inner) {
      const float* from = x.data() + outer * view.length * view.inner;
      for (Index position = 0; position < view.length; ++position, from += view.inner) {
        for (Index i = 0; i < view.inner; ++i) to[i] += from[i];
      }
      for (Index i = 0; i < view.inner; ++i) to[i] *= static_cast<float>(factor);
    }
  });
  return y;
}

/// The transpose of summed: factor * dy at every position of the axis.
Tensor spread(const Tensor& dy, const Shape& shape, Index axis, float factor) {
  const AxisView view(shape, axis);
  Tensor dx(shape);
  float* to = dx.mutable_data();
  for (Index outer = 0; outer < view.outer; ++outer) {
    const float* from = dy.data() + outer * view.inner;
    for (Index position = 0; position < view.length; ++position, to += view.inner) {
      for (Index i = 0; i < view.inner; ++i) to[i] = factor * from[i];
    }
  }
  return dx;
}

Value reduce(Tape& tape, std::string_view op, const Value& x, Index axis, double factor) {
  return tape.record_trusted(op, {x}, {}, summed(x.tensor(), axis, factor),
                             [x, axis, factor](const Tensor& dy, Cotangents& send) {
                               send.to(x, [&] { return spread(dy, x.shape(), axis, static_cast<float>(factor)); });
                             });
}

constexpr std::string_view kPerSampleAdvice =
    "Keep one number per sample: a loss is a value of shape [B], and only clipping adds samples up.";

Tensor softmax_of_rows(const Tensor& x, Index length) {
  Tensor y(x.shape());
  if (y.size() == 0) return y;
  float* to = y.mutable_data();
  for (Index begin = 0; begin < x.size(); begin += length) {
    const float largest = largest_of(row_of(x, begin, length));
    for (Index i = begin; i < begin + length; ++i) to[i] = x.data()[i] - largest;
  }
  exp_values(y.values(), y.mutable_values());
  for (Index begin = 0; begin < y.size(); begin += length) {
    const auto factor = static_cast<float>(1 / sum_of(row_of(y, begin, length)));
    for (Index i = 0; i < length; ++i) to[begin + i] *= factor;
  }
  return y;
}

/// How many numbers of a row are compared with each other.
Index compared_numbers(std::string_view op, const Value& x) {
  return x.shape()[sample_axis(op, x, -1, "normalise over samples",
                               "Give each sample the numbers to compare in an axis of its own.")];
}

}  // namespace

Value sum(Tape& tape, const Value& x, Index axis) {
  return reduce(tape, "sum", x, sample_axis("sum", x, axis, "add samples together", kPerSampleAdvice), 1);
}

Value mean(Tape& tape, const Value& x, Index axis) {
  const Index place = sample_axis("mean", x, axis, "average samples", kPerSampleAdvice);
  const Index length = x.shape()[place];
  return reduce(tape, "mean", x, place, length == 0 ? 0 : 1 / static_cast<double>(length));
}

Value log_softmax(Tape& tape, const Value& x) {
  const Index length = compared_numbers("log_softmax", x);
  Tensor y(x.shape());
  for (Index begin = 0; begin < y.size(); begin += length) {
    const float largest = largest_of(row_of(x.tensor(), begin, length));
    float* to = y.mutable_data() + begin;
    for (Index i = 0; i < length; ++i) to[i] = x.tensor().data()[begin + i] - largest;
  }
  Tensor shares(y.shape());
  exp_values(y.values(), shares.mutable_values());
  for (Index begin = 0; begin < y.size(); begin += length) {
    const auto log_sum = static_cast<float>(std::log(sum_of(row_of(shares, begin, length))));
    for (Index i = begin; i < begin + length; ++i) y.mutable_data()[i] -= log_sum;
  }
  return tape.record_trusted("log_softmax", {x}, {}, y, [x, y, length](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] {
      Tensor dx(y.shape());
      exp_values(y.values(), dx.mutable_values());
      float* to = dx.mutable_data();
      for (Index begin = 0; begin < y.size(); begin += length) {
        const auto whole = static_cast<float>(sum_of(row_of(dy, begin, length)));
        for (Index i = begin; i < begin + length; ++i) to[i] = dy.data()[i] - to[i] * whole;
      }
      return dx;
    });
  });
}

Value softmax(Tape& tape, const Value& x) {
  const Index length = compared_numbers("softmax", x);
  Tensor y = softmax_of_rows(x.tensor(), length);
  return tape.record_trusted("softmax", {x}, {}, y, [x, y, length](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] {
      Tensor dx(y.shape());
      float* to = dx.mutable_data();
      for (Index begin = 0; begin < y.size(); begin += length) {
        const auto along = static_cast<float>(dot(row_of(y, begin, length), row_of(dy, begin, length)));
        for (Index i = begin; i < begin + length; ++i) to[i] = y.data()[i] * (dy.data()[i] - along);
      }
      return dx;
    });
  });
}

}  // namespace dpml
