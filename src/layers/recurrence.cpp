#include "recurrence.h"

#include <algorithm>

#include "rows.h"

namespace dpml {

Recurrence::Recurrence(const Value& x, const RecurrentWeights& weights, bool reverse, Products by)
    : x_(x),
      weights_(&weights),
      reverse_(reverse),
      by_(by),
      batch_(x.shape()[0]),
      positions_(x.shape()[1]),
      in_(x.shape()[2]),
      hidden_(weights.weight_hh.shape()[1]),
      gates_(weights.weight_hh.shape()[0]),
      zeros_(static_cast<std::size_t>(hidden_)) {}

Tensor Recurrence::from_inputs() const {
  Tensor a = rows(gates_);
  const Index count = batch_ * positions_;
  gemm({count,
        gates_,
        in_,
        {x_.tensor().data(), in_},
        {weights_->weight_ih.tensor().data(), in_, Transpose::yes},
        a.mutable_data(),
        gates_},
       by_);
  if (weights_->bias_ih) add_to_rows(weights_->bias_ih->tensor().data(), count, gates_, a.mutable_data());
  return a;
}

void Recurrence::add_from_state(Index step, const Tensor& h, Index first, Index last, Tensor& into,
                                Index column) const {
  if (batch_ == 0) return;
  const Index row_distance = positions_ * into.axis(2);
  float* to = row(into, 0, step) + column;
  if (weights_->bias_hh) {
    const float* bias = weights_->bias_hh->tensor().data() + first;
    for (Index b = 0; b < batch_; ++b) add_to_rows(bias, 1, last - first, to + b * row_distance);
  }
  if (step == 0) return;  // the first state is 0
  gemm({.m = batch_,
        .n = last - first,
        .k = hidden_,
        .a = {row(h, 0, step - 1), positions_ * hidden_},
        .b = {weights_->weight_hh.tensor().data() + first * hidden_, hidden_, Transpose::yes},
        .c = to,
        .ldc = row_distance,
        .result = GemmResult::goes_on},
       by_);
}

void Recurrence::add_to_state(Index step, const Tensor& da, Tensor& dh) const {
  if (batch_ == 0 || step == 0) return;
  gemm({.m = batch_,
        .n = hidden_,
        .k = gates_,
        .a = {row(da, 0, step), positions_ * gates_},
        .b = {weights_->weight_hh.tensor().data(), hidden_},
        .c = dh.mutable_data(),
        .ldc = hidden_,
        .result = GemmResult::goes_on},
       by_);
}

Tensor Recurrence::states_before(const Tensor& h) const {
  Tensor before = rows(hidden_);
  for (Index b = 0; b < batch_; ++b) {
    for (Index step = 0; step < positions_; ++step) {
      std::copy_n(row_before(h, b, step), hidden_, row(before, b, step));
    }
  }
  return before;
}

void Recurrence::send(Cotangents& send, const Tensor& of_inputs, const Tensor& of_states, const Tensor& h) const {
  send.to(x_, [&] {
    Tensor dx(x_.shape());
    gemm({batch_ * positions_,
          in_,
          gates_,
          {of_inputs.data(), gates_},
          {weights_->weight_ih.tensor().data(), in_},
          dx.mutable_data(),
          in_},
         by_);
    return dx;
  });
  send.to(weights_->weight_ih, [&] { return PerSampleGrad::outer(of_inputs, x_.tensor()); });
  send.to(weights_->weight_hh, [&] { return PerSampleGrad::outer(of_states, states_before(h)); });
  if (!weights_->bias_ih) return;
  send.to(*weights_->bias_ih, [&] { return PerSampleGrad::dense(sum_positions(of_inputs)); });
  send.to(*weights_->bias_hh, [&] { return PerSampleGrad::dense(sum_positions(of_states)); });
}

Value Recurrence::record(Tape& tape, const std::string& place, const Tensor& h, Index kept_per_position,
                         Backward backward) const {
  const std::vector<std::reference_wrapper<const Value>> inputs{x_};
  std::vector<std::reference_wrapper<const Parameter>> parameters{weights_->weight_ih, weights_->weight_hh};
  if (weights_->bias_ih) parameters.insert(parameters.end(), {*weights_->bias_ih, *weights_->bias_hh});
  const Value states = tape.record_trusted(place, inputs, parameters, h, std::move(backward));
  tape.count_kept(states, batch_ * positions_ * kept_per_position);
  return states;
}

}  // namespace dpml
