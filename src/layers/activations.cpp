#include "dpml/layers/activations.h"

#include <cmath>

#include "checks.h"
#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

std::optional<OptionProblem> unless_float(const std::string& option, double value) {
  if (std::isfinite(static_cast<float>(value))) return std::nullopt;
  return OptionProblem{option, "is " + to_text(value) + ", expected a finite float"};
}

}  // namespace

Value ReLU::forward(Tape& tape, const Value& x) const {
  return relu(tape, x);
}

std::optional<OptionProblem> LeakyReLU::problem_of(const Options& options) {
  return unless_float("negative_slope", options.negative_slope);
}

LeakyReLU::LeakyReLU(const Options& options) : negative_slope_(static_cast<float>(options.negative_slope)) {
  require_none("LeakyReLU", problem_of(options));
}

Value LeakyReLU::forward(Tape& tape, const Value& x) const {
  return leaky_relu(tape, x, negative_slope_);
}

Value Tanh::forward(Tape& tape, const Value& x) const {
  return tanh(tape, x);
}

Value GELU::forward(Tape& tape, const Value& x) const {
  return gelu(tape, x);
}

Value Sigmoid::forward(Tape& tape, const Value& x) const {
  return sigmoid(tape, x);
}

Value SiLU::forward(Tape& tape, const Value& x) const {
  return silu(tape, x);
}

std::optional<OptionProblem> ELU::problem_of(const Options& options) {
  return unless_float("alpha", options.alpha);
}

ELU::ELU(const Options& options) : alpha_(static_cast<float>(options.alpha)) {
  require_none("ELU", problem_of(options));
}

Value ELU::forward(Tape& tape, const Value& x) const {
  return elu(tape, x, alpha_);
}

Value SELU::forward(Tape& tape, const Value& x) const {
  return elu(tape, x, 1.6732632423543772F, 1.0507009873554805F);
}

std::optional<OptionProblem> Softplus::problem_of(const Options& options) {
  const auto beta = static_cast<float>(options.beta);
  if (!(beta > 0 && std::isfinite(beta))) {
    return OptionProblem{"beta", "is " + to_text(options.beta) + ", expected a finite float above 0"};
  }
  if (options.threshold >= 0 && std::isfinite(static_cast<float>(options.threshold))) return std::nullopt;
  return OptionProblem{"threshold", "is " + to_text(options.threshold) + ", expected a finite float of at least 0"};
}

Softplus::Softplus(const Options& options)
    : beta_(static_cast<float>(options.beta)), threshold_(static_cast<float>(options.threshold)) {
  require_none("Softplus", problem_of(options));
}

Value Softplus::forward(Tape& tape, const Value& x) const {
  return softplus(tape, x, beta_, threshold_);
}

Value Hardswish::forward(Tape& tape, const Value& x) const {
  return hardswish(tape, x);
}

std::optional<OptionProblem> PReLU::problem_of(const Options& options) {
  const auto problem = first_not_positive({{"num_parameters", options.num_parameters}});
  return problem ? problem : unless_float("init", options.init);
}

Shape PReLU::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  const Index count = options.num_parameters;
  if (count == 1 || (sample.rank() > 0 && sample[-1] == count)) return sample;
  throw ShapeError(place + ": x is " + batched_text(sample) + ", but there are " + std::to_string(count) +
                   " slopes; state num_parameters 1 or the length of the last axis");
}

PReLU::PReLU(const Options& options)
    : options_(options), weight_("weight", [&] {
        require_none("PReLU", problem_of(options));
        return Tensor::filled(Shape{options.num_parameters}, static_cast<float>(options.init));
      }()) {}

Value PReLU::forward(Tape& tape, const Value& x) const {
  output_shape(x.sample_shape());
  return prelu(tape, x, weight_);
}

void PReLU::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  into.push_back({prefix + weight_.name(), &weight_});
}

}  // namespace dpml
