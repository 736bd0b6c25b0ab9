#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"
#include "dpml/random/rng.h"

namespace dpml {

/// What RNN, LSTM and GRU have in common.
struct RecurrentOptions {
  enum class Output {
    all,  ///< the states of all positions
    last  ///< the state after the last step: at the last position, of the reverse direction at the first one
  };
  static constexpr Index kMostHidden = Index{1} << 40;

  Index input_size = 0;   ///< > 0
  Index hidden_size = 0;  ///< in (0, kMostHidden]
  Index num_layers = 1;   ///< > 0; each layer's input is the states of the one before
  bool bias = true;
  bool bidirectional = false;  ///< a second set of weights goes from the last position to the first one
  Output output = Output::all;

  bool gives_last() const;  ///< whether the output is one state, whatever the number of positions
};

/// One direction of one layer of them.
struct RecurrentWeights {
  /// The suffix of their names is "_l0" or "_l1_reverse", say.
  RecurrentWeights(const RecurrentOptions& options, Index gates, Index in, const std::string& suffix, Rng& init);

  Parameter weight_ih;               ///< [gates hidden, in]
  Parameter weight_hh;               ///< [gates hidden, hidden]
  std::optional<Parameter> bias_ih;  ///< [gates hidden]
  std::optional<Parameter> bias_hh;
};

/// A state that every position changes, as PyTorch's layers of these names with batch_first and a first state of 0.
///
///   x           [B, T, input_size]    B >= 0, T >= 0, with Output::last T >= 1
///   weight_ih   [G hidden_size, in]   uniform in +-1/sqrt(hidden_size) at construction; G gates, in PyTorch's order
///   weight_hh   [G hidden_size, hidden_size], bias_ih and bias_hh [G hidden_size]   the same
///   result      [B, T, D hidden_size], with Output::last [B, D hidden_size]; D = 2 when bidirectional, else 1; the
///               reverse direction's states stand behind the others
///
/// Weights are named as PyTorch names them, weight_ih_l0, ..., bias_hh_l1_reverse. Per-sample gradient: an outer
/// product over all T steps for each weight, biases are dense.
class Recurrent : public Layer {
 public:
  static Shape output_shape(const RecurrentOptions& options, const Shape& sample, const std::string& place);

  /// Throws ShapeError when x has another shape.
  Value forward(Tape& tape, const Value& x) const final;
  Shape output_shape(const Shape& sample) const final { return output_shape(options_, sample, place()); }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) final;

 protected:
  static std::optional<OptionProblem> problem_of(const RecurrentOptions& options);
  Recurrent(const std::string& type, const RecurrentOptions& options, Index gates, Rng& init);

  /// The states [B, T, hidden_size] of one direction.
  virtual Value states(Tape& tape, const Value& x, const RecurrentWeights& weights, bool reverse) const = 0;

 private:
  RecurrentOptions options_;
  std::vector<std::unique_ptr<RecurrentWeights>> weights_;  // by layer and direction
};

/// h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh) (Elman 1990), or max(..., 0).
class RNN final : public Recurrent {
 public:
  static constexpr Index kGates = 1;
  enum class Nonlinearity { tanh, relu };
  struct Options : RecurrentOptions {
    Nonlinearity nonlinearity = Nonlinearity::tanh;
  };
  static Index kept_per_position(const Options&) { return 0; }  ///< numbers that backward keeps beside the states
  static std::optional<OptionProblem> problem_of(const Options& options) { return Recurrent::problem_of(options); }

  /// Throws ConfigError when an option is outside its range.
  RNN(const Options& options, Rng& init);
  std::string type() const override { return "RNN"; }

 private:
  Value states(Tape& tape, const Value& x, const RecurrentWeights& weights, bool reverse) const override;
  Nonlinearity nonlinearity_;
};

/// Hochreiter, Schmidhuber 1997, with forget gates: of the sums W_ih x_t + b_ih + W_hh h_{t-1} + b_hh four parts become
/// i, f, o = sigmoid, g = tanh, in the order i f g o; c_t = f c_{t-1} + i g, h_t = o tanh(c_t).
class LSTM final : public Recurrent {
 public:
  static constexpr Index kGates = 4;
  using Options = RecurrentOptions;
  static Index kept_per_position(const Options& options) { return 5 * options.hidden_size; }  ///< gates and cells
  static std::optional<OptionProblem> problem_of(const Options& options) { return Recurrent::problem_of(options); }

  /// Throws ConfigError when an option is outside its range.
  LSTM(const Options& options, Rng& init);
  std::string type() const override { return "LSTM"; }

 private:
  Value states(Tape& tape, const Value& x, const RecurrentWeights& weights, bool reverse) const override;
};

/// Cho et al. 2014 as PyTorch has it: r, z = sigmoid of their parts of W_ih x_t + b_ih + W_hh h_{t-1} + b_hh,
/// n = tanh(W_in x_t + b_in + r (W_hn h_{t-1} + b_hn)), in the order r z n; h_t = (1 - z) n + z h_{t-1}.
class GRU final : public Recurrent {
 public:
  static constexpr Index kGates = 3;
  using Options = RecurrentOptions;
  static Index kept_per_position(const Options& options) { return 4 * options.hidden_size; }  ///< gates, n's own part
  static std::optional<OptionProblem> problem_of(const Options& options) { return Recurrent::problem_of(options); }

  /// Throws ConfigError when an option is outside its range.
  GRU(const Options& options, Rng& init);
  std::string type() const override { return "GRU"; }

 private:
  Value states(Tape& tape, const Value& x, const RecurrentWeights& weights, bool reverse) const override;
};

}  // namespace dpml
