#include "dpml/layers/instance_norm.h"

#include "checks.h"
#include "dpml/base/error.h"

namespace dpml {

namespace {

GroupNorm::Options as_group_norm(const InstanceNorm::Options& options) {
  require_none("InstanceNorm", InstanceNorm::problem_of(options));
  return {
      .groups = options.channels, .channels = options.channels, .epsilon = options.epsilon, .affine = options.affine};
}

}  // namespace

std::optional<OptionProblem> InstanceNorm::problem_of(const Options& options) {
  if (auto problem = first_not_positive({{"channels", options.channels}})) return problem;
  return epsilon_problem(options.epsilon);
}

Shape InstanceNorm::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  if (sample.rank() < 2 || sample[-1] != options.channels) {
    throw ShapeError(place + ": x is " + batched_text(sample) + ", expected positions and then channels, [B, ..., " +
                     std::to_string(options.channels) + "]");
  }
  return sample;
}

InstanceNorm::InstanceNorm(const Options& options) : GroupNorm(as_group_norm(options)), options_(options) {}

}  // namespace dpml
