#include <algorithm>

#include "dpml/layers/dropout.h"
#include "dpml/layers/embedding.h"
#include "onnx_vectors/operators.h"

namespace dpml::onnx_vectors {

/// Rows of the axis, each a vector.
std::vector<Tensor> gather(const Case& one) {
  const Tensor& table = one.input(0);
  const Tensor& indices = one.input(1);
  if (std::ranges::any_of(indices.values(), [](float index) { return index < 0; })) throw LeftOut{"negative indices"};
  const Index rank = table.shape().rank();
  const std::int64_t axis = from_the_front(one.whole("axis", 0), rank);
  Numbers order{axis};  // it first
  for (Index i = 0; i < rank; ++i) {
    if (i != axis) order.push_back(i);
  }
  const Tensor rows = permuted(table, order);
  const Shape row = rows.shape().without_front();
  Rng init = fixed_rng();
  Embedding layer({.vocabulary = rows.axis(0), .features = row.size()}, init);
  with_weights(layer, {{"weight", rows.reshaped(Shape{rows.axis(0), row.size()})}});
  std::vector<Index> shape(indices.shape().axes().begin(), indices.shape().axes().end());
  shape.insert(shape.end(), row.axes().begin(), row.axes().end());
  const Tensor found = of_sample(indices, [&](Tape& tape, const Value& x) { return layer.forward(tape, x); });
  Numbers back;  // the axes of the indices where the axis was
  const Index among = indices.shape().rank();
  for (Index i = 0; i < axis; ++i) back.push_back(among + i);
  for (Index i = 0; i < among; ++i) back.push_back(i);
  for (Index i = axis; i + 1 < rank; ++i) back.push_back(among + i);
  return {permuted(found.reshaped(Shape(shape)), back)};
}

std::vector<Tensor> dropout(const Case& one) {
  if (one.input_count() > 2) throw LeftOut{"random numbers of ONNX"};
  return {apply(Dropout({.probability = 0.5}), one.input(0))};
}

}  // namespace dpml::onnx_vectors
