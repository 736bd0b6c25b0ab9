#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"
#include "dpml/random/rng.h"

namespace dpml {

/// A row of the weight for each index: y[b,...,:] = weight[x[b,...],:].
///
///   x       [B, ...]                inputs of the model, whole numbers in [0, vocabulary); B >= 0
///   weight  [vocabulary, features]  normal at construction
///   result  [B, ..., features]
///
/// Where x is padding_idx, the result is 0; that row of the weight is 0 from construction on and has no gradient.
/// Per-sample gradient: rows of the weight. Indices have no gradient: none goes on to x.
class Embedding final : public Layer {
 public:
  struct Options {
    Index vocabulary = 0;                             ///< in (0, Tensor::kMaxExactInteger]
    Index features = 0;                               ///< > 0
    std::optional<Index> padding_idx = std::nullopt;  ///< in [0, vocabulary), or none
    double initial_std = 1;                           ///< > 0, finite: standard deviation of the initial weight
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options.
  static Shape output_shape(const Options& options, const Shape& sample);

  /// Throws ConfigError when a number is outside its range.
  Embedding(const Options& options, Rng& init);

  /// Throws Error when x holds anything but whole numbers in [0, vocabulary).
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample); }
  NumberRule input_rule() const override { return WholeNumber{options_.vocabulary}; }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "Embedding"; }
  const Parameter& weight() const { return weight_; }

 private:
  Options options_;
  Parameter weight_;
};

}  // namespace dpml
