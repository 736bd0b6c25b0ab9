#include <algorithm>

#include "dpml/autograd/ops.h"
#include "dpml/layers/flatten.h"
#include "onnx_vectors/operators.h"

namespace dpml::onnx_vectors {

namespace {

Tensor reshaped(const Tensor& x, const Shape& shape) {
  return of_sample(x, [&](Tape& tape, const Value& sample) { return reshape(tape, sample, shape); });
}

}  // namespace

std::vector<Tensor> flatten(const Case& one) {
  const Tensor& x = one.input(0);
  const Index rank = x.shape().rank();
  const std::int64_t axis = from_the_front(one.whole("axis", 1), rank);
  if (axis == 1) return {apply(Flatten(), rank == 4 ? channels_last(x) : x)};  // which puts channels first again
  Index rows = 1;
  for (Index i = 0; i < axis; ++i) rows *= x.axis(i);
  return {reshaped(x, Shape{rows, x.size() / rows})};
}

std::vector<Tensor> reshape(const Case& one) {
  const Tensor& x = one.input(0);
  Numbers shape = one.has_input(1) ? one.numbers(1) : one.wholes("shape", {});
  Index known = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && one.whole("allowzero", 0) == 0) shape[i] = x.axis(static_cast<Index>(i));
    if (shape[i] != -1) known *= shape[i];
  }
  std::ranges::replace(shape, -1, known == 0 ? 0 : x.size() / known);
  return {reshaped(x, Shape(shape))};
}

/// By swaps of two axes, as dpml has them.
std::vector<Tensor> transpose(const Case& one) {
  const Tensor& x = one.input(0);
  Numbers now;  // which axis of x is where
  for (Index axis = 0; axis < x.shape().rank(); ++axis) now.push_back(axis);
  const Numbers wanted = one.wholes("perm", Numbers(now.rbegin(), now.rend()));
  return {of_sample(x, [&](Tape& tape, const Value& sample) {
    Value value = sample;
    for (std::size_t i = 0; i < now.size(); ++i) {
      const auto from = std::ranges::find(now, wanted[i]) - now.begin();
      const auto to = static_cast<Index>(i);
      if (from == to) continue;
      value = transpose(tape, value, to + 1, from + 1);
      std::swap(now[i], now[static_cast<std::size_t>(from)]);
    }
    return value;
  })};
}

std::vector<Tensor> concat(const Case& one) {
  const std::int64_t axis = from_the_front(one.whole("axis", 1), one.input(0).shape().rank());
  return {of_sample(one.input(0), [&](Tape& tape, const Value& first) {
    std::vector<Value> parts{first};
    for (std::size_t i = 1; i < one.input_count(); ++i) {
      parts.push_back(tape.sample(one.input(i).reshaped(one.input(i).shape().with_front(1))));
    }
    return concat(tape, parts, axis + 1);
  })};
}

std::vector<Tensor> slice(const Case& one) {
  const Tensor& x = one.input(0);
  const Numbers starts = one.has_input(1) ? one.numbers(1) : one.wholes("starts", {});
  const Numbers ends = one.has_input(2) ? one.numbers(2) : one.wholes("ends", {});
  Numbers axes;
  for (Index axis = 0; axis < std::ssize(starts); ++axis) axes.push_back(axis);
  axes = one.has_input(3) ? one.numbers(3) : one.wholes("axes", axes);
  const Numbers steps = one.has_input(4) ? one.numbers(4) : Numbers(axes.size(), 1);
  if (std::ranges::any_of(steps, [](std::int64_t step) { return step != 1; })) throw LeftOut{"steps other than 1"};
  return {of_sample(x, [&](Tape& tape, const Value& sample) {
    Value value = sample;
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const std::int64_t axis = from_the_front(axes[i], x.shape().rank());
      const Index length = x.axis(axis);
      const auto place = [&](std::int64_t stated) {
        return std::clamp<Index>(from_the_front(stated, length), 0, length);
      };
      value = slice(tape, value, axis + 1, place(starts[i]), std::max(place(starts[i]), place(ends[i])));
    }
    return value;
  })};
}

}  // namespace dpml::onnx_vectors
