#include "dpml/layers/over_positions.h"

#include <cmath>
#include <vector>

#include "checks.h"
#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"

namespace dpml {

namespace {

Index positions_of(const Shape& sample) {
  return sample.without_back().size();
}

/// For each number of y [B, C] the position of x [B, T, C] that it comes from; T >= 1.
std::vector<Index> largest_positions(const Tensor& x) {
  const Index positions = x.axis(1);
  const Index width = x.axis(2);
  std::vector<Index> largest(static_cast<std::size_t>(x.axis(0) * width));
  for (Index b = 0; b < x.axis(0); ++b) {
    const float* of_sample = x.data() + b * positions * width;
    for (Index i = 0; i < width; ++i) {
      Index best = 0;
      for (Index t = 1; t < positions; ++t) {
        const float have = of_sample[best * width + i];
        const float candidate = of_sample[t * width + i];
        if (candidate > have || (std::isnan(candidate) && !std::isnan(have))) best = t;
      }
      largest[static_cast<std::size_t>(b * width + i)] = best;
    }
  }
  return largest;
}

}  // namespace

Shape OverPositions::output_shape(const Shape& sample) const {
  if (sample.rank() < 2) {
    throw ShapeError(place() + ": x is " + batched_text(sample) + ", expected positions, [B, ..., C]");
  }
  return Shape{sample[-1]};
}

Value OverPositions::with_one_axis(Tape& tape, const Value& x) const {
  const Shape sample = x.shape().without_front();
  output_shape(sample);
  return sample.rank() == 2 ? x : reshape(tape, x, Shape{positions_of(sample), sample[-1]});
}

Value SumOverPositions::forward(Tape& tape, const Value& x) const {
  return sum(tape, with_one_axis(tape, x), 1);
}

Value MeanOverPositions::forward(Tape& tape, const Value& x) const {
  return mean(tape, with_one_axis(tape, x), 1);
}

Shape MaxOverPositions::output_shape(const Shape& sample) const {
  const Shape result = OverPositions::output_shape(sample);
  if (positions_of(sample) == 0) {
    throw ShapeError(place() + ": x is " + batched_text(sample) + ", without a position; expected one or more");
  }
  return result;
}

Value MaxOverPositions::forward(Tape& tape, const Value& x) const {
  const Value flat = with_one_axis(tape, x);  // [B, T, C]
  const Index batch = flat.shape()[0];
  const Index positions = flat.shape()[1];
  const Index width = flat.shape()[2];
  const std::vector<Index> largest = largest_positions(flat.tensor());
  Tensor y(Shape{batch, width});
  const auto place_of = [=](std::size_t at, Index position) {
    const auto number = static_cast<Index>(at);
    return (number / width * positions + position) * width + number % width;
  };
  for (std::size_t at = 0; at < largest.size(); ++at) {
    y.mutable_data()[at] = flat.tensor().data()[place_of(at, largest[at])];
  }
  return tape.record_trusted(place(), {flat}, {}, std::move(y),
                             [flat, largest, place_of](const Tensor& dy, Cotangents& send) {
                               send.to(flat, [&] {
                                 Tensor dx = Tensor::zeros(flat.shape());
                                 for (std::size_t at = 0; at < largest.size(); ++at)
                                   dx.mutable_data()[place_of(at, largest[at])] = dy.data()[at];
                                 return dx;
                               });
                             });
}

}  // namespace dpml
