#include "dpml/base/error.h"
#include "dpml/base/vectorised.h"
#include "dpml/tensor/vector_math.h"
#include "recurrence.h"

namespace dpml {

namespace {

void apply(RNN::Nonlinearity nonlinearity, std::span<float> state) {
  switch (nonlinearity) {
    case RNN::Nonlinearity::tanh:
      return tanh_values(state, state);
    case RNN::Nonlinearity::relu:
      for (float& number : state) number = number < 0 ? 0 : number;  // NaN stays
      return;
  }
  throw InternalError("RNN::Nonlinearity: not one of the enumerated values");
}

/// da = dh times the slope at h, the result of the function.
void slope_gradient(RNN::Nonlinearity nonlinearity, const float* h, const float* dh, Index width, float* da) {
  switch (nonlinearity) {
    case RNN::Nonlinearity::tanh:
      return vectorised([=] {
#pragma omp simd
        for (Index i = 0; i < width; ++i) da[i] = dh[i] * (1 - h[i] * h[i]);
      });
    case RNN::Nonlinearity::relu:
      return vectorised([=] {
#pragma omp simd
        for (Index i = 0; i < width; ++i) da[i] = h[i] > 0 ? dh[i] : 0;
      });
  }
  throw InternalError("RNN::Nonlinearity: not one of the enumerated values");
}

}  // namespace

RNN::RNN(const Options& options, Rng& init)
    : Recurrent("RNN", options, kGates, init), nonlinearity_(options.nonlinearity) {}

Value RNN::states(Tape& tape, const Value& x, const RecurrentWeights& weights, bool reverse) const {
  const Recurrence along(x, weights, reverse, tape.options().products);
  const Index hidden = along.hidden();
  Tensor h = along.from_inputs();  // [B, T, hidden]; step by step the sums become states
  for (Index step = 0; step < along.steps(); ++step) {
    along.add_from_state(step, h, 0, hidden, h, 0);
    for (Index b = 0; b < along.batch(); ++b) {
      apply(nonlinearity_, span_of(along.row(h, b, step), hidden));
    }
  }
  const auto backward = [along, h, hidden, nonlinearity = nonlinearity_](const Tensor& dy, Cotangents& send) {
    Tensor da = along.rows(hidden);
    Tensor dh = Tensor::zeros(Shape{along.batch(), hidden});  // from the later steps
    for (Index step = along.steps() - 1; step >= 0; --step) {
      for (Index b = 0; b < along.batch(); ++b) {
        float* to_state = dh.mutable_data() + b * hidden;
        const float* from_result = along.row(dy, b, step);
        for (Index i = 0; i < hidden; ++i) to_state[i] += from_result[i];
        slope_gradient(nonlinearity, along.row(h, b, step), to_state, hidden, along.row(da, b, step));
        for (Index i = 0; i < hidden; ++i) to_state[i] = 0;
      }
      along.add_to_state(step, da, dh);
    }
    along.send(send, da, da, h);
  };
  return along.record(tape, place(), h, 0, backward);
}

}  // namespace dpml
