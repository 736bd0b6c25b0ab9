#include "dpml/accounting/renyi.h"

#include <cmath>
#include <string>

#include "composed_curve.h"
#include "divergence_terms.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "pair_curve.h"

namespace dpml {

namespace {

void require_order(const char* who, double order) {
  if (order > 1 && std::isfinite(order)) return;
  throw ConfigError(std::string(who) + ": order is " + to_text(order) + ", expected a finite number above 1");
}

void require_epsilon(const char* who, double epsilon) {
  if (epsilon >= 0 && std::isfinite(epsilon)) return;
  throw ConfigError(std::string(who) + ": epsilon is " + to_text(epsilon) + ", expected a finite number, at least 0");
}

}  // namespace

double renyi_divergence(const Event& event, Neighbours neighbours, double order) {
  require_order("renyi_divergence", order);
  validate(event);
  return renyi::make_renyi_curve(event, neighbours)->cumulant(order - 1) / (order - 1);
}

double renyi_divergence_of_pure(double epsilon, double order) {
  require_order("renyi_divergence_of_pure", order);
  require_epsilon("renyi_divergence_of_pure", epsilon);
  return epsilon == 0 ? 0 : renyi::PairCurve(renyi::pure_outcomes(epsilon)).cumulant(order - 1) / (order - 1);
}

double rho_of_pure(double epsilon) {
  require_epsilon("rho_of_pure", epsilon);
  return epsilon * std::tanh(epsilon / 2) * (1 + renyi::kRenyiSlack);
}

}  // namespace dpml
