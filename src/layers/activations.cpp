#include "dpml/layers/activations.h"

#include "dpml/autograd/ops.h"

namespace dpml {

Value ReLU::forward(Tape& tape, const Value& x) const {
  return relu(tape, x);
}

Value Tanh::forward(Tape& tape, const Value& x) const {
  return tanh(tape, x);
}

Value GELU::forward(Tape& tape, const Value& x) const {
  return gelu(tape, x);
}

Value Sigmoid::forward(Tape& tape, const Value& x) const {
  return sigmoid(tape, x);
}

}  // namespace dpml
