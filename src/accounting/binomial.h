#pragma once

namespace dpml {

// X ~ Binomial(n, p), with both p and q = 1 - p given, so that neither loses its digits; whole numbers in doubles.

/// log P(X = k), 0 <= k <= n: Stirling's series and deviances (Loader 2000), right to about 1e-15 (1 + its size) where
/// n is large, too.
double log_binomial_probability(double n, double k, double p, double q);

/// P(X >= k), right to 1e-12 relative where it is above 1e-300.
double binomial_tail(double n, double k, double p, double q);

}  // namespace dpml
