#include "dpml/layers/rearrange.h"

#include <algorithm>
#include <numeric>

#include "checks.h"
#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"

namespace dpml {

namespace {

/// Axis i of each result is axis order[i] of x, the batch included.
Tensor permuted(const Tensor& x, const std::vector<Index>& order) {
  const std::size_t rank = order.size();
  std::vector<Index> strides(rank, 1);  // of x
  for (std::size_t i = rank - 1; i > 0; --i) strides[i - 1] = strides[i] * x.axis(static_cast<Index>(i));
  std::vector<Index> lengths(rank);
  std::vector<Index> steps(rank);  // in x, for one more of an axis of the result
  for (std::size_t i = 0; i < rank; ++i) {
    lengths[i] = x.axis(order[i]);
    steps[i] = strides[static_cast<std::size_t>(order[i])];
  }
  Tensor y(Shape{std::span<const Index>(lengths)});
  std::vector<Index> at(rank, 0);
  const float* from = x.data();
  float* to = y.mutable_data();
  for (Index i = 0; i < y.size(); ++i) {
    to[i] = *from;
    for (std::size_t axis = rank; axis-- > 0;) {
      from += steps[axis];
      if (++at[axis] < lengths[axis]) break;
      from -= steps[axis] * lengths[axis];
      at[axis] = 0;
    }
  }
  return y;
}

}  // namespace

std::optional<OptionProblem> Reshape::problem_of(const Options& options) {
  const auto open = std::count(options.shape.begin(), options.shape.end(), -1);
  if (open > 1) return OptionProblem{"shape", "has -1 twice; one axis may be left open"};
  const auto is_axis = [](Index axis) { return axis == -1 || axis >= 1; };
  if (std::all_of(options.shape.begin(), options.shape.end(), is_axis)) return std::nullopt;
  return OptionProblem{"shape", "holds an axis that is neither -1 nor at least 1"};
}

Reshape::Reshape(const Options& options) : options_(options) {
  require_none("Reshape", problem_of(options));
}

Shape Reshape::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  std::vector<Index> axes = options.shape;
  const auto open = std::find(axes.begin(), axes.end(), -1);
  if (open != axes.end()) {
    *open = 1;
    const Index others = Shape{std::span<const Index>(axes)}.size();
    *open = sample.size() / others;
  }
  const Shape shape{std::span<const Index>(axes)};
  if (shape.size() == sample.size()) return shape;
  throw ShapeError(place + ": a sample " + sample.to_text() + " has " + std::to_string(sample.size()) +
                   " numbers, which do not fill the shape; expected as many");
}

Value Reshape::forward(Tape& tape, const Value& x) const {
  return reshape(tape, x, output_shape(x.sample_shape()));
}

std::optional<OptionProblem> Permute::problem_of(const Options& options) {
  std::vector<Index> sorted = options.axes;
  std::sort(sorted.begin(), sorted.end());
  std::vector<Index> expected(sorted.size());
  std::iota(expected.begin(), expected.end(), Index{1});
  if (!sorted.empty() && sorted == expected) return std::nullopt;
  return OptionProblem{"axes", "must hold each axis of the sample once, from 1 on; the batch is axis 0 and stays"};
}

Permute::Permute(const Options& options) : options_(options) {
  require_none("Permute", problem_of(options));
}

Shape Permute::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  if (static_cast<Index>(options.axes.size()) != sample.rank()) {
    throw ShapeError(place + ": orders " + std::to_string(options.axes.size()) + " axes, but a sample is " +
                     sample.to_text());
  }
  std::vector<Index> axes;
  for (const Index axis : options.axes) axes.push_back(sample[axis - 1]);
  return Shape{std::span<const Index>(axes)};
}

Value Permute::forward(Tape& tape, const Value& x) const {
  output_shape(x.sample_shape());
  std::vector<Index> order{0};
  order.insert(order.end(), options_.axes.begin(), options_.axes.end());
  std::vector<Index> back(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) back[static_cast<std::size_t>(order[i])] = static_cast<Index>(i);
  return tape.record_trusted(
      place(), {x}, {}, permuted(x.tensor(), order),
      [x, back](const Tensor& dy, Cotangents& send) { send.to(x, [&] { return permuted(dy, back); }); });
}

std::optional<OptionProblem> Slice::problem_of(const Options& options) {
  if (options.axis == 0) {
    return OptionProblem{"axis",
                         "is 0, the batch, whose samples stay together; state an axis of the sample, 1 or above, "
                         "or a negative one, counted from the last"};
  }
  const bool same_side = options.end && (options.begin < 0) == (*options.end < 0);
  if (same_side && *options.end <= options.begin) {
    return OptionProblem{
        "end", "is " + std::to_string(*options.end) + "; state one behind begin, " + std::to_string(options.begin)};
  }
  return std::nullopt;
}

Slice::Slice(const Options& options) : options_(options) {
  require_none("Slice", problem_of(options));
}

Slice::Range Slice::range_in(const Options& options, const Shape& sample, const std::string& place) {
  const Index axis = options.axis < 0 ? sample.rank() + options.axis : options.axis - 1;
  if (axis < 0 || axis >= sample.rank()) {
    throw ShapeError(place + ": there is no axis " + std::to_string(options.axis) + " in " + batched_text(sample));
  }
  const Index length = sample[axis];
  const auto counted = [&](Index place_in_axis) { return place_in_axis < 0 ? length + place_in_axis : place_in_axis; };
  const Range range{axis, counted(options.begin), counted(options.end.value_or(length))};
  if (range.begin >= 0 && range.begin < range.end && range.end <= length) return range;
  throw ShapeError(place + ": takes places " + std::to_string(range.begin) + " to " + std::to_string(range.end) +
                   ", the last one excluded, of " + std::to_string(length) + " of axis " + std::to_string(axis + 1) +
                   " of " + batched_text(sample) + "; expected one or more, all of them there");
}

Shape Slice::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  const Range range = range_in(options, sample, place);
  return sample.with_axis(range.axis, range.end - range.begin);
}

Value Slice::forward(Tape& tape, const Value& x) const {
  const Range range = range_in(options_, x.sample_shape(), place());
  return slice(tape, x, range.axis + 1, range.begin, range.end);
}

}  // namespace dpml
