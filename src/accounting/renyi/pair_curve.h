#pragma once

#include <vector>

#include "discrete_outcomes.h"
#include "divergence_terms.h"
#include "renyi_curve.h"

namespace dpml::renyi {

/// An outcome of a pair P, Q of distributions.
struct Outcome {
  double log_ratio;  ///< log(P/Q), finite
  double log_mass;   ///< log of the mass under Q
};

/// As curves read them.
std::vector<Outcome> as_outcomes(const std::vector<events::DiscreteOutcome>& outcomes);

/// The pair of a mechanism that is epsilon-differentially private and no more.
std::vector<Outcome> pure_outcomes(double epsilon);

/// The pair (1 - q) Q + q P, Q.
std::vector<Outcome> sampled(std::vector<Outcome> outcomes, double sampling_rate);

/// Any pair with few outcomes: exact sums, the larger of the two directions.
class PairCurve final : public RenyiCurve {
 public:
  explicit PairCurve(const std::vector<Outcome>& outcomes);
  double cumulant(double order_minus_one) override;
  double nodes() const override { return 2 * static_cast<double>(forwards_.size()); }
  bool is_empty() const { return forwards_.empty(); }

 private:
  std::vector<RatioNode> forwards_;
  std::vector<RatioNode> backwards_;
};

/// A mechanism of which log(P/Q) lies in an interval [t - epsilon, t], whatever t is: bounded range (Durfee and Rogers
/// 2019), as the exponential mechanism has it. As r^a is convex, the two ends of the interval are worst, and E_Q[P/Q] =
/// 1 leaves one pair for every t, the one of Dong, Durfee and Rogers 2020. Its divergence is largest at
///   exp(t) = exp(epsilon) ((1 - exp(-a epsilon)) / a) / ((1 - exp(-b epsilon)) / b).
class BoundedRangeCurve final : public RenyiCurve {
 public:
  explicit BoundedRangeCurve(double epsilon) : epsilon_(epsilon) {}
  double cumulant(double order_minus_one) override;

 private:
  double epsilon_;
};

}  // namespace dpml::renyi
