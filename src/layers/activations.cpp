#include "dpml/layers/activations.h"

#include <cmath>

#include "checks.h"
#include "dpml/autograd/ops.h"
#include "dpml/base/text.h"
#include "dpml/base/vectorised.h"

namespace dpml {

namespace {

/// numbers[i] where x[i] is above 0, else slope * numbers[i].
Tensor leaky(const Tensor& x, const Tensor& numbers, float slope) {
  Tensor result(x.shape());
  const float* sign = x.data();
  const float* from = numbers.data();
  float* to = result.mutable_data();
  const Index size = x.size();
  vectorised([=] {
#pragma omp simd
    for (Index i = 0; i < size; ++i) to[i] = sign[i] > 0.0F ? from[i] : slope * from[i];  // NaN stays
  });
  return result;
}

}  // namespace

std::optional<OptionProblem> LeakyReLU::problem_of(const Options& options) {
  if (std::isfinite(static_cast<float>(options.negative_slope))) return std::nullopt;
  return OptionProblem{"negative_slope", "is " + to_text(options.negative_slope) + ", expected a finite float"};
}

LeakyReLU::LeakyReLU(const Options& options) : negative_slope_(static_cast<float>(options.negative_slope)) {
  require_none("LeakyReLU", problem_of(options));
}

Value LeakyReLU::forward(Tape& tape, const Value& x) const {
  Tensor y = leaky(x.tensor(), x.tensor(), negative_slope_);
  return tape.record(place(), {x}, {}, std::move(y), [x, slope = negative_slope_](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] { return leaky(x.tensor(), dy, slope); });
  });
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
