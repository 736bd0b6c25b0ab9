#include "dpml/layers/softmax.h"

#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"

namespace dpml {

namespace {

Shape with_an_axis(const std::string& place, const Shape& sample) {
  if (sample.rank() == 0) throw ShapeError(place + ": x is [B], expected [B, ..., C] to normalise the last axis of");
  return sample;
}

}  // namespace

Shape Softmax::output_shape(const Shape& sample) const {
  return with_an_axis(place(), sample);
}

Value Softmax::forward(Tape& tape, const Value& x) const {
  output_shape(x.sample_shape());
  return softmax(tape, x);
}

Shape LogSoftmax::output_shape(const Shape& sample) const {
  return with_an_axis(place(), sample);
}

Value LogSoftmax::forward(Tape& tape, const Value& x) const {
  output_shape(x.sample_shape());
  return log_softmax(tape, x);
}

}  // namespace dpml
