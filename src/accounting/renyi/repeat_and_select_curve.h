#pragma once

#include <map>

#include "composed_curve.h"

namespace dpml::renyi {

/// The best of a random number of runs, truncated negative binomial with shape h and mean m (Papernot and Steinke
/// 2022). K is the curve of one run, a = 1 + b.
///
/// Theorem 2, h finite, g the parameter of the distribution with that mean, any order 1 + c >= 1:
///   D(a) <= K(b) / b + log(m) / b + (1 + h) (K(c) + log(1 / g)) / (1 + c).
/// Theorem 6, h infinite (Poisson): where one run is (log(1 + 1 / b), d)-DP,
///   exp(b D(a)) <= exp(-m) + m exp(K(b) + b m d),
/// with the chance exp(-m) of no run at all, which the theorem leaves out, added.
/// D grows with the order, so the smallest value at this or a larger order is taken.
class RepeatAndSelectCurve final : public RenyiCurve {
 public:
  RepeatAndSelectCurve(ComposedCurve inner, double mean, double shape);
  double cumulant(double order_minus_one) override;
  double nodes() const override { return inner_.nodes(); }

 private:
  double divergence(double order_minus_one);  ///< the formula, at this order
  double log_delta_of_one(double epsilon);    ///< of one run

  ComposedCurve inner_;
  double mean_;
  double shape_;
  double constant_ = 0;         ///< the last term of Theorem 2 at the best c
  double best_divergence_ = 0;  ///< at the order 1 + best_place_, where the formula is smallest
  double best_place_ = 0;
  std::map<int, double> known_;  ///< cumulants of inner_ at orders that were tried, where each takes long
};

}  // namespace dpml::renyi
