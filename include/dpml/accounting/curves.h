#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dpml/accounting/accountant.h"

namespace dpml {

/// delta at each epsilon, by any accountant.
std::vector<Bound> delta_curve(const Accountant& accountant, const Ledger& ledger, std::span<const double> epsilons);

/// epsilon at each delta, by any accountant.
std::vector<Bound> epsilon_curve(const Accountant& accountant, const Ledger& ledger, std::span<const double> deltas);

/// epsilon at `delta` after so many releases of the ledger, in its order: a prefix of a schedule that was fixed in
/// advance is one, too. Counts above the ledger's stand for all of it.
std::vector<Bound> steps_curve(const Accountant& accountant, const Ledger& ledger, double delta,
                               std::span<const std::uint64_t> releases);

/// What the best test can do that tells two neighbours apart (Dong, Roth and Su 2019).
struct TradeOffPoint {
  double false_positive_rate;  ///< alpha
  double true_positive_rate;   ///< no test with this alpha has more; rounded up, relatively precise when small
  double false_negative_rate;  ///< f(alpha) = 1 - true_positive_rate; rounded down, relatively precise when small
};

/// The trade-off curve that the accountant's delta implies, symmetrised: a bound for tests in either direction,
///   f(alpha) = sup over epsilon >= 0 of max(0, 1 - delta - exp(epsilon) alpha, exp(-epsilon) (1 - delta - alpha)).
/// Every epsilon gives a valid bound; of the best one the bound found is within 1e-8 for an accountant that is_quick(),
/// within about 1e-3 for others, which are asked about 20 times for the first point and a few times for each other.
/// ConfigError when a rate is not in [0, 1].
std::vector<TradeOffPoint> trade_off_curve(const Accountant& accountant, const Ledger& ledger,
                                           std::span<const double> false_positive_rates);

/// The exact curve of mu-Gaussian differential privacy: f(alpha) = Phi(Phi^-1(1 - alpha) - mu), mu >= 0; not rounded
/// outwards, right to 1e-13 relative.
TradeOffPoint gaussian_trade_off(double mu, double false_positive_rate);

/// The smallest mu whose Gaussian trade-off curve is at or below the ledger's at `points` >= 2 false positive rates,
/// spaced evenly in the logarithm from `least_rate` to 1/2, where 0 < least_rate < 1/2: a description of the curve on
/// that range, to be quoted with it, and no guarantee of mu-Gaussian privacy below the range or between the points.
/// +infinity when the curve reaches a true positive rate of 1 there.
double gaussian_fit(const Accountant& accountant, const Ledger& ledger, double least_rate, int points);

}  // namespace dpml
