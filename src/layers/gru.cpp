#include "dpml/base/vectorised.h"
#include "dpml/tensor/vector_math.h"
#include "recurrence.h"

namespace dpml {

namespace {

/// One step of one sample. `gates` [3 hidden] holds the sums of r and z and what n has of x before, r z n after;
/// `inner` is what n has of the state, W_hn h + b_hn.
void step_forward(float* gates, const float* inner, const float* h_before, Index hidden, float* h) {
  sigmoid_values(span_of(gates, 2 * hidden), span_of(gates, 2 * hidden));
  const float *r = gates, *z = gates + hidden;
  float* n = gates + 2 * hidden;
  vectorised([=] {
#pragma omp simd
    for (Index i = 0; i < hidden; ++i) n[i] += r[i] * inner[i];
  });
  tanh_values(span_of(n, hidden), span_of(n, hidden));
  vectorised([=] {
#pragma omp simd
    for (Index i = 0; i < hidden; ++i) h[i] = (1 - z[i]) * n[i] + z[i] * h_before[i];
  });
}

/// The same step back. dh comes from the step after and the result and goes to the state before, apart from what goes
/// there by weight_hh. of_inputs and of_states [3 hidden] are the gradients of both sides of the sums.
void step_backward(const float* gates, const float* inner, const float* h_before, Index hidden, float* dh,
                   float* of_inputs, float* of_states) {
  const float *r = gates, *z = gates + hidden, *n = gates + 2 * hidden;
  vectorised([=] {
#pragma omp simd
    for (Index i = 0; i < hidden; ++i) {
      const float dn = dh[i] * (1 - z[i]) * (1 - n[i] * n[i]);
      const float dr = dn * inner[i] * r[i] * (1 - r[i]);
      const float dz = dh[i] * (h_before[i] - n[i]) * z[i] * (1 - z[i]);
      of_inputs[i] = of_states[i] = dr;
      of_inputs[hidden + i] = of_states[hidden + i] = dz;
      of_inputs[2 * hidden + i] = dn;
      of_states[2 * hidden + i] = dn * r[i];
      dh[i] *= z[i];
    }
  });
}

}  // namespace

GRU::GRU(const Options& options, Rng& init) : Recurrent("GRU", options, kGates, init) {}

Value GRU::states(Tape& tape, const Value& x, const RecurrentWeights& weights, bool reverse) const {
  const Recurrence along(x, weights, reverse, tape.options().products);
  const Index hidden = along.hidden();
  Tensor gates = along.from_inputs();  // [B, T, 3 hidden]
  Tensor inner = Tensor::zeros(Shape{along.batch(), along.steps(), hidden});
  Tensor h = along.rows(hidden);
  for (Index step = 0; step < along.steps(); ++step) {
    along.add_from_state(step, h, 0, 2 * hidden, gates, 0);
    along.add_from_state(step, h, 2 * hidden, 3 * hidden, inner, 0);
    for (Index b = 0; b < along.batch(); ++b) {
      step_forward(along.row(gates, b, step), along.row(inner, b, step), along.row_before(h, b, step), hidden,
                   along.row(h, b, step));
    }
  }
  const auto backward = [along, gates, inner, h, hidden](const Tensor& dy, Cotangents& send) {
    Tensor of_inputs = along.rows(3 * hidden);
    Tensor of_states = along.rows(3 * hidden);
    Tensor dh = Tensor::zeros(Shape{along.batch(), hidden});  // from the later steps
    for (Index step = along.steps() - 1; step >= 0; --step) {
      for (Index b = 0; b < along.batch(); ++b) {
        float* to_state = dh.mutable_data() + b * hidden;
        const float* from_result = along.row(dy, b, step);
        for (Index i = 0; i < hidden; ++i) to_state[i] += from_result[i];
        step_backward(along.row(gates, b, step), along.row(inner, b, step), along.row_before(h, b, step), hidden,
                      to_state, along.row(of_inputs, b, step), along.row(of_states, b, step));
      }
      along.add_to_state(step, of_states, dh);
    }
    along.send(send, of_inputs, of_states, h);
  };
  return along.record(tape, place(), h, 4 * hidden, backward);
}

}  // namespace dpml
