#include "discrete_outcomes.h"

#include <cmath>

namespace dpml::events {

std::vector<DiscreteOutcome> outcomes_of_pure(double epsilon) {
  const double rare = std::exp(-epsilon);
  const double log_likely = -std::log1p(rare);
  const double likely = 1 / (1 + rare);
  return {{epsilon, likely, log_likely - epsilon}, {-epsilon, rare * likely, log_likely}};
}

double largest_loss_of(const RandomizedResponse& event) {
  const double other = event.noise_probability / static_cast<double>(event.categories);
  const double odds = (1 - event.noise_probability) / other;
  if (std::isfinite(odds)) return std::log1p(odds);
  return std::log1p(-event.noise_probability) - std::log(event.noise_probability) +
         std::log(static_cast<double>(event.categories));
}

std::vector<DiscreteOutcome> outcomes_of(const RandomizedResponse& event) {
  const auto categories = static_cast<double>(event.categories);
  const double other = event.noise_probability / categories;
  const double log_other = std::log(event.noise_probability) - std::log(categories);
  const double loss = largest_loss_of(event);
  std::vector<DiscreteOutcome> found = {{loss, 1 - event.noise_probability + other, log_other},
                                        {-loss, other, log_other + loss}};
  if (event.categories > 2) found.push_back({0, other * (categories - 2), log_other + std::log(categories - 2)});
  return found;
}

std::vector<DiscreteOutcome> outcomes_of_discrete_laplace(double scale, double distance) {
  // Losses are (2 z - distance) / scale between 0 and distance, and constant beyond.
  const double rare = std::exp(-1 / scale);
  const double beyond = 1 / (1 + rare);                  // P(z <= 0) of a centred one
  const double at_0 = -std::expm1(-1 / scale) * beyond;  // P(z = 0) = tanh(1 / (2 scale))
  const double log_beyond = -std::log1p(rare);
  const double log_at_0 = std::log(std::tanh(0.5 / scale));
  const double largest = distance / scale;
  std::vector<DiscreteOutcome> found = {{-largest, beyond * std::exp(-largest), log_beyond}};
  for (double z = 1; z < distance; ++z) {
    found.push_back({(2 * z - distance) / scale, at_0 * std::exp(-(distance - z) / scale), log_at_0 - z / scale});
  }
  found.push_back({largest, beyond, log_beyond - largest});
  return found;
}

}  // namespace dpml::events
