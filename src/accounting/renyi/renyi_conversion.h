#pragma once

#include "numerics/minimise.h"
#include "renyi_curve.h"

namespace dpml::renyi {

/// The best order, and what it gives; in `place` the order minus one. Formulas in rdp_accountant.h.
///
/// epsilon at log(delta), not capped below at 0; +infinity when the curve is.
numerics::Minimum best_epsilon(RenyiCurve& curve, double log_delta);

/// log(delta) at epsilon that a curve of that cumulant gives at this order.
double log_delta_at(double order_minus_one, double cumulant, double epsilon);

/// log(delta) at epsilon.
numerics::Minimum best_log_delta(RenyiCurve& curve, double epsilon);

/// log of a delta that holds for every epsilon >= 0, from the divergence of order 1.
double log_total_variation(RenyiCurve& curve);

}  // namespace dpml::renyi
