#include <algorithm>
#include <functional>
#include <string>

#include "axes.h"
#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"

namespace dpml {

namespace {

/// to[j, i] = from[i, j], rows `from_stride` and `to_stride` apart, square by square so that both stay in the cache.
void transpose_matrix(const float* from, Index rows, Index columns, Index from_stride, float* to, Index to_stride) {
  constexpr Index kSide = 16;
  for (Index top = 0; top < rows; top += kSide) {
    const Index bottom = std::min(rows, top + kSide);
    for (Index left = 0; left < columns; left += kSide) {
      const Index right = std::min(columns, left + kSide);
      for (Index j = left; j < right; ++j) {
        for (Index i = top; i < bottom; ++i) to[j * to_stride + i] = from[i * from_stride + j];
      }
    }
  }
}

Tensor transposed(const Tensor& x, Index first, Index second) {
  const AxisView front(x.shape(), first);
  const AxisView back(x.shape(), second);
  Tensor y(x.shape().with_axis(first, back.length).with_axis(second, front.length));
  if (y.size() == 0) return y;
  const Index run = back.inner;
  const Index middle = front.inner / (back.length * run);
  const Index block = front.length * front.inner;
  for (Index outer = 0; outer < front.outer; ++outer) {
    for (Index m = 0; m < middle; ++m) {
      const float* from = x.data() + outer * block + m * back.length * run;   // [i, ., j, run]
      float* to = y.mutable_data() + outer * block + m * front.length * run;  // [j, ., i, run]
      const Index from_stride = middle * back.length * run;
      const Index to_stride = middle * front.length * run;
      if (run == 1) {
        transpose_matrix(from, front.length, back.length, from_stride, to, to_stride);
        continue;
      }
      for (Index j = 0; j < back.length; ++j) {
        for (Index i = 0; i < front.length; ++i) {
          std::copy_n(from + i * from_stride + j * run, run, to + j * to_stride + i * run);
        }
      }
    }
  }
  return y;
}

Tensor sliced(const Tensor& x, Index axis, Index begin, Index end) {
  const AxisView view(x.shape(), axis);
  const Index run = (end - begin) * view.inner;
  Tensor y(x.shape().with_axis(axis, end - begin));
  for (Index outer = 0; outer < view.outer; ++outer) {
    std::copy_n(x.data() + (outer * view.length + begin) * view.inner, run, y.mutable_data() + outer * run);
  }
  return y;
}

/// Copies `part`, repeated over the leading axes when it has fewer of them, to positions begin... of an axis.
void paste(const Tensor& part, const AxisView& whole, Index begin, Index length, Tensor& into) {
  const Index run = length * whole.inner;
  if (run == 0) return;
  const Index part_rows = part.size() / run;
  for (Index outer = 0; outer < whole.outer; ++outer) {
    std::copy_n(part.data() + outer % part_rows * run, run,
                into.mutable_data() + (outer * whole.length + begin) * whole.inner);
  }
}

/// The shape of the joined value, and every part's shape as the result's axes count it.
struct Join {
  Index axis = 0;
  Shape result;
  bool is_sample = false;

  Shape shape_of(const Value& part) const {
    return is_sample && part.kind() == Kind::shared ? part.shape().with_front(result[0]) : part.shape();
  }
};

Join plan_join(const std::vector<Value>& parts, Index axis) {
  if (parts.empty()) throw ShapeError("concat: no values to join; expected one or more");
  const auto sample =
      std::find_if(parts.begin(), parts.end(), [](const Value& part) { return part.kind() == Kind::sample; });
  const Value& first = sample == parts.end() ? parts.front() : *sample;
  Join join;
  join.is_sample = first.kind() == Kind::sample;
  join.axis = sample_axis("concat", first, axis, "join batches",
                          "Join along an axis of the sample, or put the samples into one batch before the tape.");
  join.result = first.shape();
  Index length = 0;
  for (const Value& part : parts) {
    const Shape shape = join.shape_of(part);
    if (join.is_sample && shape.rank() > 0 && shape[0] != join.result[0]) {
      throw SampleMixingError("concat: the batches of " + join.result.to_text() + " and " + shape.to_text() +
                              " differ, so one sample would be joined with another. Both need a row for each sample.");
    }
    if (shape.rank() != join.result.rank() || shape.with_axis(join.axis, 0) != join.result.with_axis(join.axis, 0)) {
      throw ShapeError("concat: " + join.result.to_text() + " and " + shape.to_text() + " do not agree outside axis " +
                       std::to_string(join.axis));
    }
    length += shape[join.axis];
  }
  join.result = join.result.with_axis(join.axis, length);
  return join;
}

}  // namespace

Value reshape(Tape& tape, const Value& x, const Shape& sample_shape) {
  const Index have = x.sample_shape().size();
  const Index want = sample_shape.size();
  if (have != want) {
    const std::string sizes = "reshape: a value " + x.sample_shape().to_text() + " has " + std::to_string(have) +
                              " numbers, " + sample_shape.to_text() + " has " + std::to_string(want);
    const bool would_move = x.kind() == Kind::sample && have > 0 && want > 0 && (want % have == 0 || have % want == 0);
    if (!would_move) throw ShapeError(sizes + "; expected the same");
    throw SampleMixingError(sizes +
                            ", so the batch axis would change and numbers move between samples. Give the shape "
                            "of one sample, without the batch axis.");
  }
  const Shape shape = x.kind() == Kind::sample ? sample_shape.with_front(x.shape()[0]) : sample_shape;
  return tape.record_trusted("reshape", {x}, {}, x.tensor().reshaped(shape), [x](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] { return dy.reshaped(x.shape()); });
  });
}

Value transpose(Tape& tape, const Value& x, Index axis, Index other_axis) {
  const auto inner = [&](Index a) {
    return sample_axis("transpose", x, a, "exchange samples and positions", "Swap axes of the sample, 1 and above.");
  };
  const Index first = std::min(inner(axis), inner(other_axis));
  const Index second = std::max(inner(axis), inner(other_axis));
  if (first == second) return x;
  return tape.record_trusted("transpose", {x}, {}, transposed(x.tensor(), first, second),
                             [x, first, second](const Tensor& dy, Cotangents& send) {
                               send.to(x, [&] { return transposed(dy, first, second); });
                             });
}

Value concat(Tape& tape, const std::vector<Value>& parts, Index axis) {
  const Join join = plan_join(parts, axis);
  const AxisView whole(join.result, join.axis);
  Tensor joined(join.result);
  Index begin = 0;
  for (const Value& part : parts) {
    const Index length = join.shape_of(part)[join.axis];
    paste(part.tensor(), whole, begin, length, joined);
    begin += length;
  }
  const std::vector<std::reference_wrapper<const Value>> inputs(parts.begin(), parts.end());
  return tape.record_trusted("concat", inputs, {}, std::move(joined),
                             [parts, join](const Tensor& dy, Cotangents& send) {
                               Index from = 0;
                               for (const Value& part : parts) {
                                 const Index length = join.shape_of(part)[join.axis];
                                 send.to(part, [&] { return sliced(dy, join.axis, from, from + length); });
                                 from += length;
                               }
                             });
}

Value slice(Tape& tape, const Value& x, Index axis, Index begin, Index end) {
  const Index place = sample_axis("slice", x, axis, "choose samples by their place in the batch",
                                  "Which samples take part is the sampler's choice; cut an axis of the sample.");
  const Index length = x.shape()[place];
  if (begin < 0 || end < begin || end > length) {
    throw ShapeError("slice: positions [" + std::to_string(begin) + ", " + std::to_string(end) + ") of axis " +
                     std::to_string(place) + " of " + x.shape().to_text() +
                     "; expected 0 <= begin <= end <= " + std::to_string(length));
  }
  return tape.record_trusted("slice", {x}, {}, sliced(x.tensor(), place, begin, end),
                             [x, place, begin](const Tensor& dy, Cotangents& send) {
                               send.to(x, [&] {
                                 Tensor dx = Tensor::zeros(x.shape());
                                 paste(dy, AxisView(x.shape(), place), begin, dy.axis(place), dx);
                                 return dx;
                               });
                             });
}

}  // namespace dpml
