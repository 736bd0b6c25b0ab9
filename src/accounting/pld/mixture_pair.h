#pragma once

#include <vector>

#include "dominating_pair.h"

namespace dpml::pld {

/// P = sum_i weight_i N(mean_i, noise^2) against Q, another such sum, with log(P / Q) increasing along the line.
///
/// With t_i = mean_i (x - mean_i / 2) / noise^2, A = sum_i weight_i (exp(t_i) - 1) and B the same for Q, the loss is
/// log(1 + A) - log(1 + B): exact to the last digits also where it is tiny, because the weights of either sum to 1.
class MixturePair final : public DominatingPair {
 public:
  struct Component {
    double mean;
    double weight;
  };
  MixturePair(std::vector<Component> p, std::vector<Component> q, double noise);

  LossCells cells(const LossGrid& grid, double cut) const override;
  LossCells probe(double cut) const override;
  Likeness likeness() const override;
  double many_cells(const LossGrid& grid, double wide) const override;
  double work_of_cell() const override;
  Interval largest_loss() const override;

 private:
  /// P or Q at a place, divided by the density of N(0, noise^2).
  struct Ratio {
    bool is_moderate = true;  ///< A neither overflows nor is near -1
    double minus_1 = 0;       ///< A or B, where that is moderate
    double scaled = 0;        ///< (1 + A) exp(-scale)
    double slope = 0;         ///< its derivative
    double scale = 0;         ///< 0 where A is moderate
    double log() const;
  };
  struct Ratios {
    Ratio p;
    Ratio q;
    double loss() const { return p.log() - q.log(); }
    double loss_slope() const { return p.slope / p.scaled - q.slope / q.scaled; }
  };
  struct Integral {
    double p = 0;                    // of P
    double difference = 0;           // of P - exp(loss at the left end) Q
    double other = 0;                // of exp(loss at the left end) Q
    double loss_above_left() const;  // log of the ratio of the integrals of P and Q, from the loss at the left end
  };
  struct Range {
    double from, to;
  };

  Ratio ratio(const std::vector<Component>& side, double x) const;
  Ratios ratios(double x) const { return {ratio(p_, x), ratio(q_, x)}; }
  double log_normal_density(double x) const;
  Integral integrate(double from, double to, const Ratios& left) const;
  double panel_width(double x) const;
  double place_of_loss(double loss, double guess, Range range) const;
  Range range_without(double cut) const;
  double p_above(double x) const;
  double p_below(double x) const;

  std::vector<Component> p_;
  std::vector<Component> q_;
  double noise_;
  double log_peak_;      // log of the density of N(0, noise^2) at 0
  double largest_mean_;  // in absolute value
};

}  // namespace dpml::pld
