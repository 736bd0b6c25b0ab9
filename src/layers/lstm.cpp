#include <vector>

#include "dpml/base/vectorised.h"
#include "dpml/tensor/vector_math.h"
#include "recurrence.h"

namespace dpml {

namespace {

/// One step of one sample. `gates` [4 hidden] holds the sums before and i f g o after.
void step_forward(float* gates, const float* c_before, Index hidden, float* c, float* h) {
  sigmoid_values(span_of(gates, 2 * hidden), span_of(gates, 2 * hidden));
  tanh_values(span_of(gates + 2 * hidden, hidden), span_of(gates + 2 * hidden, hidden));
  sigmoid_values(span_of(gates + 3 * hidden, hidden), span_of(gates + 3 * hidden, hidden));
  const float *i = gates, *f = gates + hidden, *g = gates + 2 * hidden, *o = gates + 3 * hidden;
  vectorised([=] {
#pragma omp simd
    for (Index n = 0; n < hidden; ++n) c[n] = f[n] * c_before[n] + i[n] * g[n];
  });
  tanh_values(span_of(c, hidden), span_of(h, hidden));
  vectorised([=] {
#pragma omp simd
    for (Index n = 0; n < hidden; ++n) h[n] *= o[n];
  });
}

/// The same step back. dc comes from the step after and goes to the one before; tanh_c is tanh(c). da [4 hidden] is the
/// gradient of the sums.
void step_backward(const float* gates, const float* c_before, const float* tanh_c, const float* dh, Index hidden,
                   float* dc, float* da) {
  const float *i = gates, *f = gates + hidden, *g = gates + 2 * hidden, *o = gates + 3 * hidden;
  float *di = da, *df = da + hidden, *dg = da + 2 * hidden, *d_o = da + 3 * hidden;
  vectorised([=] {
#pragma omp simd
    for (Index n = 0; n < hidden; ++n) {
      const float to_c = dc[n] + dh[n] * o[n] * (1 - tanh_c[n] * tanh_c[n]);
      di[n] = to_c * g[n] * i[n] * (1 - i[n]);
      df[n] = to_c * c_before[n] * f[n] * (1 - f[n]);
      dg[n] = to_c * i[n] * (1 - g[n] * g[n]);
      d_o[n] = dh[n] * tanh_c[n] * o[n] * (1 - o[n]);
      dc[n] = to_c * f[n];
    }
  });
}

}  // namespace

LSTM::LSTM(const Options& options, Rng& init) : Recurrent("LSTM", options, kGates, init) {}

Value LSTM::states(Tape& tape, const Value& x, const RecurrentWeights& weights, bool reverse) const {
  const Recurrence along(x, weights, reverse, tape.options().products);
  const Index hidden = along.hidden();
  Tensor gates = along.from_inputs();  // [B, T, 4 hidden]
  Tensor c = along.rows(hidden);
  Tensor h = along.rows(hidden);
  for (Index step = 0; step < along.steps(); ++step) {
    along.add_from_state(step, h, 0, 4 * hidden, gates, 0);
    for (Index b = 0; b < along.batch(); ++b) {
      step_forward(along.row(gates, b, step), along.row_before(c, b, step), hidden, along.row(c, b, step),
                   along.row(h, b, step));
    }
  }
  const auto backward = [along, gates, c, h, hidden](const Tensor& dy, Cotangents& send) {
    Tensor da = along.rows(4 * hidden);
    Tensor dh = Tensor::zeros(Shape{along.batch(), hidden});  // from the later steps
    Tensor dc = Tensor::zeros(Shape{along.batch(), hidden});
    std::vector<float> tanh_c(static_cast<std::size_t>(hidden));
    for (Index step = along.steps() - 1; step >= 0; --step) {
      for (Index b = 0; b < along.batch(); ++b) {
        float* to_state = dh.mutable_data() + b * hidden;
        const float* from_result = along.row(dy, b, step);
        for (Index n = 0; n < hidden; ++n) to_state[n] += from_result[n];
        tanh_values({along.row(c, b, step), tanh_c.size()}, tanh_c);
        step_backward(along.row(gates, b, step), along.row_before(c, b, step), tanh_c.data(), to_state, hidden,
                      dc.mutable_data() + b * hidden, along.row(da, b, step));
        for (Index n = 0; n < hidden; ++n) to_state[n] = 0;
      }
      along.add_to_state(step, da, dh);
    }
    along.send(send, da, da, h);
  };
  return along.record(tape, place(), h, 5 * hidden, backward);
}

}  // namespace dpml
