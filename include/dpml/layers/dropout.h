#pragma once

#include <optional>

#include "dpml/layers/layer.h"
#include "dpml/layers/option_problem.h"

namespace dpml {

/// In training, sets each number to 0 with a probability and multiplies the others by 1 / (1 - probability); otherwise
/// gives x back (Srivastava et al. 2014, inverted).
///
/// Whether element e of a sample is kept is a pure function of the tape's mask key, the layer's turn in the forward
/// pass, the sample's id and e: the place in the batch and the other samples play no part, and the batch may be cut
/// anywhere.
class Dropout final : public Layer {
 public:
  struct Options {
    double probability = 0.5;  ///< in [0, 1)
  };

  static std::optional<OptionProblem> problem_of(const Options& options);
  static Shape output_shape(const Options&, const Shape& sample) { return sample; }

  /// Throws ConfigError when the probability is outside [0, 1).
  explicit Dropout(const Options& options);

  /// Throws ConfigError in training when the tape does not hold one id for each sample of x, and when x is shared.
  Value forward(Tape& tape, const Value& x) const override;
  Shape output_shape(const Shape& sample) const override { return sample; }
  std::string type() const override { return "Dropout"; }

 private:
  double probability_;
};

}  // namespace dpml
