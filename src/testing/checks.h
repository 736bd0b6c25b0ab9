#pragma once

// The checks that check_layer runs, in order. Each adds what it finds to the report.

#include "report.h"
#include "subject.h"

namespace dpml::testing {

void check_shapes(Subject& subject, const Batch& batch, Report& report);
void check_differences(Subject& subject, const Batch& batch, Report& report);
void check_bits(Subject& subject, Report& report);
void check_empty_batch(Subject& subject, Report& report);
void check_answers(Subject& subject, const Batch& batch, Report& report);
void check_samples_stay_apart(Subject& subject, const Batch& batch, Report& report);
void check_used_beside_itself(Subject& subject, const Batch& batch, Report& report);
void check_used_on_its_result(Subject& subject, const Batch& batch, Report& report);  ///< where shapes permit
void check_frozen(Subject& subject, const Batch& batch, Report& report);

/// Largest difference of results that are the same but for the order of float sums, relative to their length.
inline constexpr double kRounding = 1e-5;
/// The same where what is summed cancels to zero: relative to the length of c.
inline constexpr double kCancelledRounding = 1e-6;

}  // namespace dpml::testing
