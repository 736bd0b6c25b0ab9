#include <string>

#include "axes.h"
#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"
#include "dpml/base/vectorised.h"

namespace dpml {

namespace {

/// f(x, y) element by element; the smaller of the two is repeated over the leading axes of `result`.
template <class Function>
Tensor combine(const Tensor& x, const Tensor& y, const Shape& result, Function f) {
  Tensor z(result);
  const Index size = z.size();
  if (size == 0) return z;
  const float* a = x.data();
  const float* b = y.data();
  float* c = z.mutable_data();
  vectorised([&] {
    if (x.size() == y.size()) {
      for (Index i = 0; i < size; ++i) c[i] = f(a[i], b[i]);
    } else if (y.size() == 1) {
      const float repeated = b[0];
      for (Index i = 0; i < size; ++i) c[i] = f(a[i], repeated);
    } else if (x.size() == 1) {
      const float repeated = a[0];
      for (Index i = 0; i < size; ++i) c[i] = f(repeated, b[i]);
    } else if (x.size() > y.size()) {
      const Index row = y.size();
      for (Index begin = 0; begin < size; begin += row) {
        for (Index i = 0; i < row; ++i) c[begin + i] = f(a[begin + i], b[i]);
      }
    } else {
      const Index row = x.size();
      for (Index begin = 0; begin < size; begin += row) {
        for (Index i = 0; i < row; ++i) c[begin + i] = f(a[i], b[begin + i]);
      }
    }
  });
  return z;
}

struct Plus {
  float operator()(float a, float b) const { return a + b; }
};
struct Minus {
  float operator()(float a, float b) const { return a - b; }
};
struct Times {
  float operator()(float a, float b) const { return a * b; }
};

Tensor multiplied(const Tensor& x, float factor) {
  Tensor y(x.shape());
  const float* from = x.data();
  float* to = y.mutable_data();
  vectorised([=, size = y.size()] {
    for (Index i = 0; i < size; ++i) to[i] = factor * from[i];
  });
  return y;
}

void require_fitting_constant(std::string_view op, const Shape& shared, const Value& sample) {
  if (is_trailing(shared, sample.sample_shape())) return;
  if (shared.rank() >= sample.shape().rank()) {
    throw SampleMixingError(std::string(op) + ": the shared value " + shared.to_text() +
                            " spans the batch axis of the sample value " + sample.shape().to_text() +
                            ", so a sample's result would depend on its place in the batch. Give numbers that belong " +
                            "to samples as a sample value.");
  }
  throw ShapeError(std::string(op) + ": a shared value of shape " + shared.to_text() + " meets samples of shape " +
                   sample.sample_shape().to_text() + "; expected that shape or its last axes");
}

/// The result's shape. Throws when the two do not fit.
Shape common_shape(std::string_view op, const Value& x, const Value& y) {
  if (x.kind() == Kind::sample && y.kind() == Kind::sample) {
    if (x.shape() == y.shape()) return x.shape();
    if (x.shape()[0] != y.shape()[0]) {
      throw SampleMixingError(
          std::string(op) + ": the batches of " + x.shape().to_text() + " and " + y.shape().to_text() +
          " differ, so one sample would be combined with another. Both need a row for each sample.");
    }
    throw ShapeError(std::string(op) + ": samples of shape " + x.sample_shape().to_text() + " and " +
                     y.sample_shape().to_text() + "; expected the same shape twice");
  }
  if (x.kind() == Kind::sample) {
    require_fitting_constant(op, y.shape(), x);
    return x.shape();
  }
  if (y.kind() == Kind::sample) {
    require_fitting_constant(op, x.shape(), y);
    return y.shape();
  }
  if (is_trailing(y.shape(), x.shape())) return x.shape();
  if (is_trailing(x.shape(), y.shape())) return y.shape();
  throw ShapeError(std::string(op) + ": shared values of shape " + x.shape().to_text() + " and " + y.shape().to_text() +
                   "; expected one to be the last axes of the other");
}

void require_fitting_parameter(std::string_view op, const Value& x, const Parameter& parameter) {
  if (is_trailing(parameter.shape(), x.sample_shape())) return;
  throw ShapeError(std::string(op) + ": parameter \"" + parameter.name() + "\" has shape " +
                   parameter.shape().to_text() + ", samples have shape " + x.sample_shape().to_text() +
                   "; expected that shape or its last axes");
}

/// Sums everything between the batch and the trailing axes `kept`: dy [B, ..., kept...] -> [B, kept...], where each
/// number is first multiplied by that of `factor`, if any.
Tensor summed_for_parameter(const Tensor& dy, const Tensor* factor, const Shape& kept) {
  const Index batch = dy.axis(0);
  const Index row = kept.size();
  const Index rows = batch * row == 0 ? 0 : dy.size() / (batch * row);
  Tensor sum = Tensor::zeros(kept.with_front(batch));
  vectorised([&] {
    for (Index b = 0; b < batch; ++b) {
      float* to = sum.mutable_data() + b * row;
      for (Index r = 0; r < rows; ++r) {
        const Index begin = (b * rows + r) * row;
        const float* from = dy.data() + begin;
        if (factor == nullptr) {
          for (Index i = 0; i < row; ++i) to[i] += from[i];
        } else {
          const float* times = factor->data() + begin;
          for (Index i = 0; i < row; ++i) to[i] += from[i] * times[i];
        }
      }
    }
  });
  return sum;
}

}  // namespace

Value add(Tape& tape, const Value& x, const Value& y) {
  Tensor sum = combine(x.tensor(), y.tensor(), common_shape("add", x, y), Plus());
  return tape.record_trusted("add", {x, y}, {}, std::move(sum), [x, y](const Tensor& dz, Cotangents& send) {
    send.to(x, [&] { return dz; });
    send.to(y, [&] { return dz; });
  });
}

Value subtract(Tape& tape, const Value& x, const Value& y) {
  Tensor difference = combine(x.tensor(), y.tensor(), common_shape("subtract", x, y), Minus());
  return tape.record_trusted("subtract", {x, y}, {}, std::move(difference), [x, y](const Tensor& dz, Cotangents& send) {
    send.to(x, [&] { return dz; });
    send.to(y, [&] { return multiplied(dz, -1.0F); });
  });
}

Value multiply(Tape& tape, const Value& x, const Value& y) {
  Tensor product = combine(x.tensor(), y.tensor(), common_shape("multiply", x, y), Times());
  return tape.record_trusted("multiply", {x, y}, {}, std::move(product), [x, y](const Tensor& dz, Cotangents& send) {
    send.to(x, [&] { return combine(dz, y.tensor(), x.shape(), Times()); });
    send.to(y, [&] { return combine(dz, x.tensor(), y.shape(), Times()); });
  });
}

Value add(Tape& tape, const Value& x, const Parameter& parameter) {
  require_fitting_parameter("add", x, parameter);
  Tensor sum = combine(x.tensor(), parameter.tensor(), x.shape(), Plus());
  return tape.record_trusted(
      "add", {x}, {parameter}, std::move(sum), [x, &parameter](const Tensor& dz, Cotangents& send) {
        send.to(x, [&] { return dz; });
        send.to(parameter, [&] { return PerSampleGrad::dense(summed_for_parameter(dz, nullptr, parameter.shape())); });
      });
}

Value multiply(Tape& tape, const Value& x, const Parameter& parameter) {
  require_fitting_parameter("multiply", x, parameter);
  Tensor product = combine(x.tensor(), parameter.tensor(), x.shape(), Times());
  return tape.record_trusted(
      "multiply", {x}, {parameter}, std::move(product), [x, &parameter](const Tensor& dz, Cotangents& send) {
        send.to(x, [&] { return combine(dz, parameter.tensor(), x.shape(), Times()); });
        send.to(parameter,
                [&] { return PerSampleGrad::dense(summed_for_parameter(dz, &x.tensor(), parameter.shape())); });
      });
}

Value scale(Tape& tape, const Value& x, float factor) {
  return tape.record_trusted(
      "scale", {x}, {}, multiplied(x.tensor(), factor),
      [x, factor](const Tensor& dy, Cotangents& send) { send.to(x, [&] { return multiplied(dy, factor); }); });
}

}  // namespace dpml
