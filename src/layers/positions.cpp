#include "dpml/layers/positions.h"

#include <algorithm>
#include <cmath>

#include "checks.h"
#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"

namespace dpml {

namespace {

Shape checked_shape(const PositionOptions& options, const Shape& sample, const std::string& place) {
  if (sample.rank() == 2 && sample[0] <= options.positions && sample[1] == options.features) return sample;
  throw ShapeError(place + ": x is " + batched_text(sample) + ", expected [B, T, " + std::to_string(options.features) +
                   "] with T at most " + std::to_string(options.positions));
}

std::optional<OptionProblem> size_problem(const PositionOptions& options) {
  return first_not_positive({{"positions", options.positions}, {"features", options.features}});
}

Tensor initial_weight(const PositionOptions& options, Rng& init) {
  require_none("LearnedPositions", size_problem(options));
  Tensor weight(Shape{options.positions, options.features});
  for (float& value : weight.mutable_values()) value = static_cast<float>(0.02 * init.gaussian());
  return weight;
}

Tensor waves_of(const PositionOptions& options) {
  require_none("SinusoidalPositions", size_problem(options));
  Tensor waves(Shape{options.positions, options.features});
  float* to = waves.mutable_data();
  for (Index position = 0; position < options.positions; ++position) {
    for (Index i = 0; i < options.features; ++i) {
      const double share = static_cast<double>(i / 2 * 2) / static_cast<double>(options.features);
      const double angle = static_cast<double>(position) * std::pow(10000.0, -share);
      *to++ = static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
    }
  }
  return waves;
}

}  // namespace

std::optional<OptionProblem> LearnedPositions::problem_of(const Options& options) {
  return size_problem(options);
}

LearnedPositions::LearnedPositions(const Options& options, Rng& init)
    : options_(options), weight_("weight", initial_weight(options, init)) {}

Shape LearnedPositions::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  return checked_shape(options, sample, place);
}

Value LearnedPositions::forward(Tape& tape, const Value& x) const {
  const Shape sample = output_shape(x.shape().without_front());  // [T, features]
  const Index size = sample.size();
  Tensor y(x.shape());
  for (Index b = 0; b < x.shape()[0]; ++b) {
    const float* from = x.tensor().data() + b * size;
    float* to = y.mutable_data() + b * size;
    for (Index i = 0; i < size; ++i) to[i] = from[i] + weight_.tensor().data()[i];
  }
  return tape.record_trusted(
      place(), {x}, {weight_}, std::move(y), [this, x, size](const Tensor& dy, Cotangents& send) {
        send.to(x, [&] { return dy; });
        send.to(weight_, [&] {
          if (size == weight_.size()) return PerSampleGrad::dense(dy);
          Tensor gradient = Tensor::zeros(weight_.shape().with_front(dy.axis(0)));  // no gradient beyond T
          for (Index b = 0; b < dy.axis(0); ++b) {
            std::copy_n(dy.data() + b * size, size, gradient.mutable_data() + b * weight_.size());
          }
          return PerSampleGrad::dense(std::move(gradient));
        });
      });
}

void LearnedPositions::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  into.push_back({prefix + weight_.name(), &weight_});
}

std::optional<OptionProblem> SinusoidalPositions::problem_of(const Options& options) {
  return size_problem(options);
}

SinusoidalPositions::SinusoidalPositions(const Options& options) : options_(options), waves_(waves_of(options)) {}

Shape SinusoidalPositions::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  return checked_shape(options, sample, place);
}

Value SinusoidalPositions::forward(Tape& tape, const Value& x) const {
  const Shape sample = output_shape(x.shape().without_front());
  return add(tape, x, tape.shared(waves_.rows(0, sample[0])));
}

}  // namespace dpml
