#pragma once

// The products of a recurrent layer and the order of its steps.

#include <span>
#include <vector>

#include "dpml/layers/recurrent.h"

namespace dpml {

/// Part of a row, for functions of many numbers.
inline std::span<float> span_of(float* row, Index width) {
  return {row, static_cast<std::size_t>(width)};
}

/// One direction of one layer on a batch: which position each step looks at, and what the weights multiply. Tensors are
/// [B, T, width]; a row is one sample's numbers at one position.
class Recurrence {
 public:
  Recurrence(const Value& x, const RecurrentWeights& weights, bool reverse, Products by);

  Index batch() const { return batch_; }
  Index steps() const { return positions_; }
  Index hidden() const { return hidden_; }
  Tensor rows(Index width) const { return Tensor(Shape{batch_, positions_, width}); }

  /// Where the row of sample b at a step begins.
  float* row(Tensor& of, Index b, Index step) const { return of.mutable_data() + place(of, b, step); }
  const float* row(const Tensor& of, Index b, Index step) const { return of.data() + place(of, b, step); }
  /// The row of the step before; zeros before the first one.
  const float* row_before(const Tensor& of, Index b, Index step) const {
    return step == 0 ? zeros_.data() : row(of, b, step - 1);
  }

  Tensor from_inputs() const;  ///< x weight_ih^T + bias_ih, all steps
  /// into += (weight_hh h + bias_hh) at one step, h the states before it; of the gates [first, last), which stand in
  /// `into` from `column` on.
  void add_from_state(Index step, const Tensor& h, Index first, Index last, Tensor& into, Index column) const;
  /// dh += da weight_hh at one step: what goes to the state before it. dh [B, hidden].
  void add_to_state(Index step, const Tensor& da, Tensor& dh) const;

  /// All gradients, given those of x weight_ih^T + bias_ih and of weight_hh h + bias_hh.
  void send(Cotangents& send, const Tensor& of_inputs, const Tensor& of_states, const Tensor& h) const;
  /// Records the states h with this backward function.
  Value record(Tape& tape, const std::string& place, const Tensor& h, Index kept_per_position, Backward backward) const;

 private:
  Index place(const Tensor& of, Index b, Index step) const {
    return (b * positions_ + (reverse_ ? positions_ - 1 - step : step)) * of.axis(2);
  }
  Tensor states_before(const Tensor& h) const;

  Value x_;
  const RecurrentWeights* weights_;
  bool reverse_;
  Products by_;
  Index batch_;
  Index positions_;
  Index in_;
  Index hidden_;
  Index gates_;  // times hidden
  std::vector<float> zeros_;
};

}  // namespace dpml
