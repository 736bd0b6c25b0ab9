#pragma once

#include "dpml/accounting/accountant.h"

namespace dpml::renyi {

/// What a ledger costs in zero-concentrated differential privacy: apart from an event of probability delta, the Renyi
/// divergence of every order a > 1 is at most xi + rho a. Where all of it is pure, epsilon bounds the privacy loss.
struct ConcentratedTotal {
  double rho = 0;
  double xi = 0;
  double delta = 0;
  double pure_epsilon = 0;  ///< +infinity where something is not (epsilon, delta)-private with a finite epsilon
  bool has_shuffled = false;
};

/// The sums over the ledger, rounded up. Throws UnsupportedEvent naming the first event without a bound.
///
/// rho of each (d is the distance): Gaussian and DiscreteGaussian d^2 / (2 s^2) (Canonne, Kamath and Steinke 2020);
/// TreeAggregation that times its depth; MixtureOfGaussians that of its longest component, by quasi-convexity; what is
/// epsilon-private rho_of_pure(epsilon) (renyi.h), ExponentialMechanism epsilon^2 / 8 (Cesar and Rogers 2021);
/// EpsilonDelta charges its delta on top. Sampled events are refused.
///
/// Laplace, epsilon = d / s: its divergence of order 1, epsilon + exp(-epsilon) - 1 (Harrison and Manurangsi 2025).
/// With b = a - 1, m = 1 + 2 b, z = exp(-epsilon): b D_a = log((a exp(b epsilon) + b exp(-a epsilon)) / m) and b a rho
/// are 0 at epsilon = 0, and grow with epsilon by 2 b a (1 - z^m) / (m + 1 + (m - 1) z^m) and b a (1 - z). The second
/// is not smaller, since (1 - z) (m + 1 + (m - 1) z^m) - 2 (1 - z^m) is 0 at z = 1 and falls up to there: its slope,
/// (m + 1) (m z^(m - 1) - (m - 1) z^m - 1), itself rises to 0.
ConcentratedTotal concentrated_total(const Ledger& ledger);

/// Sums of the above, converted at the best real order as the accountant rdp does it, and never above the sum of pure
/// epsilons.
class ZcdpAccountant final : public Accountant {
 public:
  std::string_view name() const override { return "zcdp"; }
  bool is_quick() const override { return true; }

 private:
  Bound find_epsilon(const Ledger& ledger, double delta) const override;
  Bound find_delta(const Ledger& ledger, double epsilon) const override;
};

}  // namespace dpml::renyi
