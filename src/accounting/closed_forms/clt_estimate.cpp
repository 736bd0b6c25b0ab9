#include "dpml/accounting/clt_estimate.h"

#include <cmath>

#include "dpml/accounting/analytic_gaussian.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

double clt_estimate_of_mu(CltSampling sampling, double sampling_rate, double noise_multiplier, std::uint64_t steps) {
  if (!(sampling_rate > 0 && sampling_rate <= 1)) {
    throw ConfigError("clt estimate: sampling rate is " + to_text(sampling_rate) + ", expected a number in (0, 1]");
  }
  if (!(noise_multiplier > 0)) {
    throw ConfigError("clt estimate: noise multiplier is " + to_text(noise_multiplier) + ", expected a number above 0");
  }
  const double square = std::pow(noise_multiplier, -2);
  double variance = std::expm1(square);
  if (sampling == CltSampling::fixed_size) {
    // With Phi(x) = 1/2 + h(x) the constants cancel: (exp(1/s^2) - 1) / 2 + exp(1/s^2) h(1.5/s) - 3 h(0.5/s).
    const auto h = [](double x) { return 0.5 * std::erf(x * std::sqrt(0.5)); };
    const double growth = variance;
    variance = growth + 2 * growth * h(1.5 / noise_multiplier) +
               2 * (h(1.5 / noise_multiplier) - 3 * h(0.5 / noise_multiplier));
  }
  return sampling_rate * std::sqrt(static_cast<double>(steps) * variance);
}

double clt_estimate_of_epsilon(CltSampling sampling, double sampling_rate, double noise_multiplier, std::uint64_t steps,
                               double delta) {
  return gaussian_epsilon(clt_estimate_of_mu(sampling, sampling_rate, noise_multiplier, steps), delta).upper;
}

}  // namespace dpml
