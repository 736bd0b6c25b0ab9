#include <cmath>

#include "checks.h"
#include "dpml/base/text.h"
#include "numbers.h"

namespace dpml::testing {

namespace {

constexpr double kRoundingOfPositions = 1e-3;

void check_norms(const PerSampleGrad& gradient, const Tensor& dense, const Batch& batch, const std::string& what,
                 Report& report) {
  std::vector<double> squared(static_cast<std::size_t>(batch.size()), 0);
  gradient.add_squared_norms(squared);
  for (Index b = 0; b < batch.size(); ++b) {
    const double norm = std::sqrt(squared[static_cast<std::size_t>(b)]);
    const double truth = length(row(dense, b));
    // The truth has been rounded, too, so "never below it" can be seen to this accuracy only. Above it, norms also
    // count what rounding can make of a sum over positions.
    const double tolerance = kRounding * truth + kCancelledRounding * length(row(batch.c, b));
    if (!(norm >= truth - tolerance && norm <= truth + tolerance + kRoundingOfPositions * truth)) {
      report.add(what + ": the norm of sample " + std::to_string(b) + " is " + to_text(norm) + ", of to_dense " +
                 to_text(truth));
    }
  }
}

void check_sum(const PerSampleGrad& gradient, const Tensor& dense, const Batch& batch, const std::string& what,
               Report& report) {
  std::vector<float> weights;
  for (Index b = 0; b < batch.size(); ++b) weights.push_back(b == 1 ? 0.0F : 1 / static_cast<float>(b + 2));
  const auto size = static_cast<std::size_t>(dense.shape().without_front().size());
  std::vector<float> expected(size);
  double tolerance = 0;
  for (Index b = 0; b < batch.size(); ++b) {
    const float weight = weights[static_cast<std::size_t>(b)];
    for (std::size_t i = 0; i < size; ++i) expected[i] += weight * row(dense, b)[i];
    tolerance += weight * (kRounding * length(row(dense, b)) + kCancelledRounding * length(row(batch.c, b)));
  }
  std::vector<float> sum(size);
  gradient.add_weighted_sum(weights, sum.data());
  const double error = distance(sum, expected);
  if (!(error <= tolerance)) report.add(what + ": the weighted sum is " + to_text(error) + " away from to_dense's");
}

}  // namespace

void check_answers(Subject& subject, const Batch& batch, Report& report) {
  const Pass pass(subject, batch);
  for (std::size_t i = 0; i < subject.parameters().size(); ++i) {
    const std::optional<PerSampleGrad>& gradient = pass.recording.gradient(i);
    if (!gradient) continue;
    const Tensor dense = gradient->to_dense();
    const std::string& name = subject.parameters()[i].name;
    const PerSampleGrad smaller = PerSampleGrad(*gradient).in_smaller_form();
    check_norms(*gradient, dense, batch, name, report);
    check_norms(smaller, dense, batch, name + ", smaller form", report);
    check_sum(*gradient, dense, batch, name, report);
    check_sum(smaller, dense, batch, name + ", smaller form", report);
  }
}

}  // namespace dpml::testing
