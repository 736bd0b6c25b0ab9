#pragma once

#include "dominating_pair.h"

namespace dpml::pld {

/// P and Q are Laplace distributions of scale `scale`, `distance` apart, after which P is replaced by
/// (1 - sampling_rate) Q + sampling_rate P ("remove"), or the same with the sides exchanged ("add").
///
/// Without sampling, with D = distance / scale: P has an atom of exp(-D) / 2 at the loss -D, one of 1/2 at D, and the
/// density exp((l - D) / 2) / 4 in between. An interval of losses has the loss of its middle.
class LaplacePair final : public DominatingPair {
 public:
  enum class Direction { remove, add };
  LaplacePair(double noise_multiplier, double distance, double sampling_rate, Direction direction);

  LossCells cells(const LossGrid& grid, double cut) const override;
  LossCells probe(double cut) const override;
  Likeness likeness() const override;
  double many_cells(const LossGrid& grid, double wide) const override;
  double work_of_cell() const override { return 60; }
  double spacing() const override;
  Interval largest_loss() const override;
  double least_step() const override;
  double smallest_loss() const override;

 private:
  /// Masses of an interval of the unsampled loss, or of the atom where from = to.
  struct Piece {
    double p;
    double loss;
  };
  double sampled_loss(double loss) const;
  double unsampled_loss(double sampled) const;
  Piece piece(double from, double to) const;
  Piece sampled(double p, double loss) const;

  double reach_;          // D
  Interval exact_reach_;  // between those
  double sampling_rate_;
  Direction direction_;
};

}  // namespace dpml::pld
