#pragma once

namespace dpml {

/// log P(X >= k) for X ~ Binomial(n, q), rounded up by 1e-10 (1 + its size); counts are whole numbers, q in (0, 1).
///
/// The mass at k by Stirling's series and deviances (Loader 2000), the next thousand by their ratios, and the rest by
/// the geometric sum which the last ratio bounds; 0 for k at most the mean.
double log_binomial_tail(double n, double q, double k);

}  // namespace dpml
