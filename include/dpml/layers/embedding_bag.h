#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"
#include "dpml/random/rng.h"

namespace dpml {

/// Rows of the weight, added up or averaged over the last axis of indices: y[b,...,:] = sum_t weight[x[b,...,t],:].
///
///   x       [B, ..., T]             inputs of the model, whole numbers in [0, vocabulary); B >= 0, T >= 0
///   weight  [vocabulary, features]  standard normal at construction
///   result  [B, ..., features]
///
/// Positions where x is padding_idx do not count: a mean is that of the others, and 0 where there are none. That row of
/// the weight is 0 from construction on and has no gradient. Sums are made in double. Per-sample gradient: rows of the
/// weight. Indices have no gradient: none goes on to x.
class EmbeddingBag final : public Layer {
 public:
  enum class Mode { sum, mean };
  struct Options {
    Index vocabulary = 0;  ///< in (0, Tensor::kMaxExactInteger]
    Index features = 0;    ///< > 0
    Mode mode = Mode::mean;
    std::optional<Index> padding_idx = std::nullopt;  ///< in [0, vocabulary), or none
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  /// output_shape of a layer with these options, which `place` is called in messages.
  static Shape output_shape(const Options& options, const Shape& sample, const std::string& place = "EmbeddingBag");

  /// Throws ConfigError when an option is outside its range.
  EmbeddingBag(const Options& options, Rng& init);

  /// Throws ShapeError when x has no axis but the batch, and Error when it holds anything but whole numbers in
  /// [0, vocabulary).
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return output_shape(options_, sample, place()); }
  NumberRule input_rule() const override { return WholeNumber{options_.vocabulary}; }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "EmbeddingBag"; }

 private:
  Options options_;
  Parameter weight_;
};

}  // namespace dpml
