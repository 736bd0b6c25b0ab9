#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"
#include "dpml/random/rng.h"

namespace dpml {

/// How many positions are told apart, and by how many numbers each.
struct PositionOptions {
  Index positions = 0;  ///< > 0, the most that x may have
  Index features = 0;   ///< > 0
};

/// Adds a learnt vector to each position: y[b,t,:] = x[b,t,:] + weight[t,:].
///
///   x       [B, T, features]       B >= 0, 0 <= T <= positions
///   weight  [positions, features]  normal with standard deviation 0.02 at construction, as in BERT and GPT-2
///   result  [B, T, features]
///
/// Per-sample gradient: dense.
class LearnedPositions final : public Layer {
 public:
  using Options = PositionOptions;

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "LearnedPositions");

  /// Throws ConfigError when a size is not positive.
  LearnedPositions(const Options& options, Rng& init);

  /// Throws ShapeError when x is not [B, T, features] with T <= positions.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "LearnedPositions"; }

 private:
  Options options_;
  Parameter weight_;
};

/// Adds to each position waves of wavelengths from 2 pi to 20000 pi (Vaswani et al. 2017, section 3.5): to x[b,t,2i]
/// sin(t / 10000^(2i/features)), to x[b,t,2i+1] the cosine of the same.
///
///   x       [B, T, features]  B >= 0, 0 <= T <= positions
///   result  [B, T, features]
class SinusoidalPositions final : public Layer {
 public:
  using Options = PositionOptions;

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample,
                            const std::string& place = "SinusoidalPositions");

  /// Throws ConfigError when a size is not positive.
  explicit SinusoidalPositions(const Options& options);

  /// Throws ShapeError when x is not [B, T, features] with T <= positions.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  std::string type() const override { return "SinusoidalPositions"; }

 private:
  Options options_;
  Tensor waves_;  // [positions, features]
};

}  // namespace dpml
