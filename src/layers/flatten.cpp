#include "dpml/layers/flatten.h"

namespace dpml {

namespace {

/// Each sample [rows, columns] -> [columns, rows].
Tensor transposed(const Tensor& x, Index rows, Index columns, const Shape& shape) {
  Tensor y(shape);
  for (Index b = 0; b < shape[0]; ++b) {
    const float* from = x.data() + b * rows * columns;
    float* to = y.mutable_data() + b * rows * columns;
    for (Index column = 0; column < columns; ++column) {
      for (Index row = 0; row < rows; ++row) *to++ = from[row * columns + column];
    }
  }
  return y;
}

}  // namespace

Shape Flatten::output_shape(const Shape& sample) const {
  return Shape{sample.size()};
}

Value Flatten::forward(Tape& tape, const Value& x) const {
  const Shape sample = x.shape().without_front();
  const Shape shape = output_shape(sample).with_front(x.shape()[0]);
  const bool is_image = sample.rank() == 3;
  const Index channels = is_image ? sample[2] : 1;
  const Index pixels = is_image ? sample[0] * sample[1] : 1;
  if (channels == 1 || pixels == 1) {
    return tape.record_trusted(place(), {x}, {}, x.tensor().reshaped(shape), [x](const Tensor& dy, Cotangents& send) {
      send.to(x, [&] { return dy.reshaped(x.shape()); });
    });
  }
  Tensor y = transposed(x.tensor(), pixels, channels, shape);
  return tape.record_trusted(place(), {x}, {}, std::move(y), [x, pixels, channels](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] { return transposed(dy, channels, pixels, x.shape()); });
  });
}

}  // namespace dpml
