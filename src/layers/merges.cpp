#include "dpml/layers/merges.h"

#include "checks.h"
#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"

namespace dpml {

namespace {

std::vector<Shape> samples_of(const std::vector<Value>& x) {
  std::vector<Shape> shapes;
  for (const Value& value : x) shapes.push_back(value.sample_shape());
  return shapes;
}

void require_several(const Merge& merge, std::size_t count) {
  if (count >= 2) return;
  throw ShapeError(merge.place() + ": takes two values or more, got " + std::to_string(count));
}

Shape equal_shape(const Merge& merge, const std::vector<Shape>& samples) {
  require_several(merge, samples.size());
  for (const Shape& shape : samples) {
    if (shape == samples[0]) continue;
    throw ShapeError(merge.place() + ": " + batched_text(samples[0]) + " and " + batched_text(shape) +
                     " differ; expected values of one shape");
  }
  return samples[0];
}

}  // namespace

Shape Add::output_shape(const std::vector<Shape>& samples) const {
  return equal_shape(*this, samples);
}

Value Add::forward(Tape& tape, const std::vector<Value>& x) const {
  output_shape(samples_of(x));
  Value sum = x[0];
  for (std::size_t i = 1; i < x.size(); ++i) sum = add(tape, sum, x[i]);
  return sum;
}

Shape Multiply::output_shape(const std::vector<Shape>& samples) const {
  return equal_shape(*this, samples);
}

Value Multiply::forward(Tape& tape, const std::vector<Value>& x) const {
  output_shape(samples_of(x));
  Value product = x[0];
  for (std::size_t i = 1; i < x.size(); ++i) product = multiply(tape, product, x[i]);
  return product;
}

std::optional<OptionProblem> Concat::problem_of(const Options& options) {
  if (options.axis != 0) return std::nullopt;
  return OptionProblem{"axis",
                       "is 0, the batch, whose samples stay apart; state an axis of the sample, 1 or above, or "
                       "a negative one, counted from the last"};
}

Concat::Concat(const Options& options) : options_(options) {
  require_none("Concat", problem_of(options));
}

Shape Concat::output_shape(const std::vector<Shape>& samples) const {
  require_several(*this, samples.size());
  const Index rank = samples[0].rank();
  const Index axis = options_.axis < 0 ? rank + options_.axis : options_.axis - 1;  // of the sample
  if (axis < 0 || axis >= rank) {
    throw ShapeError(place() + ": there is no axis " + std::to_string(options_.axis) + " in " +
                     batched_text(samples[0]));
  }
  Index length = 0;
  for (const Shape& shape : samples) {
    if (shape.rank() != rank || shape.with_axis(axis, 0) != samples[0].with_axis(axis, 0)) {
      throw ShapeError(place() + ": " + batched_text(samples[0]) + " and " + batched_text(shape) +
                       " differ beside axis " + std::to_string(axis + 1) + ", along which they are joined");
    }
    if (__builtin_add_overflow(length, shape[axis], &length)) throw SizeError(place() + ": the result is too large");
  }
  return samples[0].with_axis(axis, length);
}

Value Concat::forward(Tape& tape, const std::vector<Value>& x) const {
  output_shape(samples_of(x));
  return concat(tape, x, options_.axis);
}

}  // namespace dpml
