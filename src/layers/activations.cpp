#include "dpml/layers/activations.h"

#include <cmath>

#include "checks.h"
#include "dpml/autograd/ops.h"
#include "dpml/base/text.h"

namespace dpml {

std::optional<OptionProblem> LeakyReLU::problem_of(const Options& options) {
  if (std::isfinite(static_cast<float>(options.negative_slope))) return std::nullopt;
  return OptionProblem{"negative_slope", "is " + to_text(options.negative_slope) + ", expected a finite float"};
}

LeakyReLU::LeakyReLU(const Options& options) : negative_slope_(static_cast<float>(options.negative_slope)) {
  require_none("LeakyReLU", problem_of(options));
}

Value LeakyReLU::forward(Tape& tape, const Value& x) const {
  return leaky_relu(tape, x, negative_slope_);
}

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
