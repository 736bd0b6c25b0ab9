#pragma once

#include <vector>

#include "privacy_loss.h"

namespace dpml {

/// A pair on finitely many outcomes.
class AtomPair final : public LossPair {
 public:
  struct Atom {
    double p;     ///< > 0
    double loss;  ///< log(P / Q), finite
  };
  /// `infinite` is P of outcomes that Q never gives; `cut_above` and `cut_below` are P of outcomes that were left out
  /// at either end. `spacing` as in LossPair.
  struct Ends {
    double infinite = 0;
    double cut_above = 0;
    double cut_below = 0;
  };
  explicit AtomPair(std::vector<Atom> atoms, Ends ends, double spacing = 0);

  LossCells cells(const LossGrid& grid, double cut) const override;
  LossCells probe(double cut) const override;
  double spacing() const override { return spacing_; }
  bool has_only_spaced_losses() const override { return spacing_ > 0; }
  double smallest_loss() const override { return atoms_.front().loss; }

 private:
  std::vector<Atom> atoms_;  // in order of the loss
  Ends ends_;
  double spacing_;
};

}  // namespace dpml
