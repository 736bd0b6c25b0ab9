#include "dpml/layers/softmax.h"

#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"

namespace dpml {

Shape Softmax::output_shape(const Shape& sample) const {
  if (sample.rank() == 0) throw ShapeError(place() + ": x is [B], expected [B, ..., C] to normalise the last axis of");
  return sample;
}

Value Softmax::forward(Tape& tape, const Value& x) const {
  output_shape(x.sample_shape());
  return softmax(tape, x);
}

}  // namespace dpml
