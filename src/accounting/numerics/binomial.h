#pragma once

#include "dpml/accounting/interval.h"

namespace dpml::numerics {

// X ~ Binomial(n, p), with both p and q = 1 - p given, so that neither loses its digits; whole numbers in doubles.

/// log P(X = k), 0 <= k <= n: Stirling's series and deviances (Loader 2000), right to 1e-12 (1 + its size) for every n.
double log_binomial_probability(double n, double k, double p, double q);

/// log P(X >= k). Above the mean the probability at k times the sum of the ratios to it, below the mean what the other
/// tail leaves. A million ratios are summed, and a geometric sum bounds the rest: the interval is at most
/// 1e-11 (1 + its size) wide while n p q is below 1e6, 1e-9 of that up to 1e10, and wider beyond.
Interval log_binomial_tail(double n, double k, double p, double q);

}  // namespace dpml::numerics
