#include "dpml/layers/frozen_batch_norm.h"

#include <cmath>

#include "checks.h"
#include "dpml/base/error.h"
#include "dpml/base/vectorised.h"

namespace dpml {

namespace {

Shape shape_of(const FrozenBatchNorm::Options& options) {
  require_none("FrozenBatchNorm", FrozenBatchNorm::problem_of(options));
  return Shape{options.channels};
}

/// weight / sqrt(variance + epsilon), rounded once.
Tensor factors_of(const Tensor& weight, const Tensor& variance, double epsilon) {
  Tensor factors(weight.shape());
  for (Index c = 0; c < factors.size(); ++c) {
    const double deviation = std::sqrt(static_cast<double>(variance.data()[c]) + epsilon);
    factors.mutable_data()[c] = static_cast<float>(static_cast<double>(weight.data()[c]) / deviation);
  }
  return factors;
}

}  // namespace

std::optional<OptionProblem> FrozenBatchNorm::problem_of(const Options& options) {
  if (auto problem = first_not_positive({{"channels", options.channels}})) return problem;
  return epsilon_problem(options.epsilon);
}

FrozenBatchNorm::FrozenBatchNorm(const Options& options)
    : options_(options),
      weight_("weight", Tensor::filled(shape_of(options), 1)),
      bias_("bias", Tensor::zeros(shape_of(options))),
      running_mean_("running_mean", Tensor::zeros(shape_of(options))),
      running_var_("running_var", Tensor::filled(shape_of(options), 1)) {
  for (Parameter* parameter : {&weight_, &bias_, &running_mean_, &running_var_}) parameter->set_trainable(false);
}

Shape FrozenBatchNorm::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  if (sample.rank() == 0 || sample[-1] != options.channels) {
    throw ShapeError(place + ": x is " + batched_text(sample) + ", expected [B, ..., " +
                     std::to_string(options.channels) + "]: channels are the last axis");
  }
  return sample;
}

Value FrozenBatchNorm::forward(Tape& tape, const Value& x) const {
  output_shape(x.sample_shape());
  const Index channels = options_.channels;
  const Index positions = x.tensor().size() / channels;
  const Tensor factors = factors_of(weight_.tensor(), running_var_.tensor(), options_.epsilon);
  Tensor y(x.shape());
  vectorised([=, from = x.tensor().data(), to = y.mutable_data(), factor = factors.data(),
              mean = running_mean_.tensor().data(), bias = bias_.tensor().data()] {
    for (Index first = 0; first < positions * channels; first += channels) {
#pragma omp simd
      for (Index c = 0; c < channels; ++c) to[first + c] = (from[first + c] - mean[c]) * factor[c] + bias[c];
    }
  });
  // The constants are no parameters of the operation: nothing could make them want a gradient.
  return tape.record_trusted(place(), {x}, {}, std::move(y),
                             [x, factors, channels, positions](const Tensor& dy, Cotangents& send) {
                               send.to(x, [&] {
                                 Tensor dx(x.shape());
                                 vectorised([=, from = dy.data(), to = dx.mutable_data(), factor = factors.data()] {
                                   for (Index first = 0; first < positions * channels; first += channels) {
#pragma omp simd
                                     for (Index c = 0; c < channels; ++c) to[first + c] = from[first + c] * factor[c];
                                   }
                                 });
                                 return dx;
                               });
                             });
}

void FrozenBatchNorm::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  for (Parameter* parameter : {&weight_, &bias_, &running_mean_, &running_var_}) {
    into.push_back({prefix + parameter->name(), parameter});
  }
}

}  // namespace dpml
