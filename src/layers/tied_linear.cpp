#include "dpml/layers/tied_linear.h"

#include "checks.h"
#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"

namespace dpml {

Shape TiedLinear::output_shape(const Shape& sample) const {
  if (sample.rank() == 0 || sample[-1] != weight_.shape()[1]) {
    throw ShapeError(place() + ": x is " + batched_text(sample) + ", but its last axis meets the weight " +
                     weight_.shape().to_text() + "; expected " + std::to_string(weight_.shape()[1]));
  }
  return sample.with_axis(sample.rank() - 1, weight_.shape()[0]);
}

Value TiedLinear::forward(Tape& tape, const Value& x) const {
  output_shape(x.sample_shape());
  return matmul(tape, x, weight_);
}

}  // namespace dpml
