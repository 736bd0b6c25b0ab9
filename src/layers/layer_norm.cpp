#include "dpml/layers/layer_norm.h"

#include <algorithm>
#include <cmath>

#include "checks.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/base/vectorised.h"
#include "dpml/tensor/reductions.h"

namespace dpml {

namespace {

/// Of every row of normalised numbers.
struct Statistics {
  std::vector<double> mean;
  std::vector<double> inverse_deviation;
};

Statistics measure(const Tensor& x, Index width, double epsilon) {
  Statistics statistics;
  statistics.mean.resize(static_cast<std::size_t>(x.size() / width));
  statistics.inverse_deviation.resize(statistics.mean.size());
  for (std::size_t r = 0; r < statistics.mean.size(); ++r) {
    const float* row = x.data() + static_cast<Index>(r) * width;
    const double mean = sum_of({row, static_cast<std::size_t>(width)}) / static_cast<double>(width);
    const double squares = sum_of_terms(static_cast<std::size_t>(width), [=](std::size_t i) {
      const double distance = static_cast<double>(row[i]) - mean;
      return distance * distance;
    });
    statistics.mean[r] = mean;
    statistics.inverse_deviation[r] = 1 / std::sqrt(squares / static_cast<double>(width) + epsilon);
  }
  return statistics;
}

/// (x - mean) / deviation of one row. What rounding to float takes from the mean goes to the last term.
void standardise(const float* x, Index width, double mean, double inverse_deviation, float* z) {
  const auto center = static_cast<float>(mean);
  const auto inverse = static_cast<float>(inverse_deviation);
  const auto rest = static_cast<float>((static_cast<double>(center) - mean) * inverse_deviation);
  vectorised([=] {
#pragma omp simd
    for (Index i = 0; i < width; ++i) z[i] = (x[i] - center) * inverse + rest;
  });
}

void scale_and_shift(const float* weight, const float* bias, Index width, float* y) {
  vectorised([=] {
#pragma omp simd
    for (Index i = 0; i < width; ++i) y[i] = y[i] * weight[i] + bias[i];
  });
}

/// With z the standardised row and dz = dy * weight: dx = (dz - mean(dz) - z mean(dz z)) / deviation.
void row_gradient(const float* dz, const float* z, Index width, double inverse_deviation, float* dx) {
  const auto count = static_cast<std::size_t>(width);
  const double plain = sum_of({dz, count});
  const double along = dot({dz, count}, {z, count});
  const auto inverse = static_cast<float>(inverse_deviation);
  const auto mean = static_cast<float>(plain / static_cast<double>(width));
  const auto pull = static_cast<float>(along / static_cast<double>(width));
  vectorised([=] {
#pragma omp simd
    for (Index i = 0; i < width; ++i) dx[i] = inverse * (dz[i] - mean - z[i] * pull);
  });
}

struct Gradients {
  Tensor x;
  Tensor weight;  // [B, width]: sum of dy z over positions
  Tensor bias;    // [B, width]: sum of dy over positions
};

Gradients gradients_of(const Tensor& x, const Tensor& dy, Index batch, Index width, const Statistics& statistics,
                       const Parameter* weight) {
  const Shape per_sample{batch, width};
  Gradients to{Tensor(x.shape()), Tensor::zeros(per_sample), Tensor::zeros(per_sample)};
  std::vector<float> standard(static_cast<std::size_t>(width));
  std::vector<float> weighted(standard.size());
  float* z = standard.data();
  const Index positions = batch == 0 ? 0 : x.size() / (batch * width);
  for (Index row = 0; row < batch * positions; ++row) {
    const auto at = static_cast<std::size_t>(row);
    const float* above = dy.data() + row * width;
    standardise(x.data() + row * width, width, statistics.mean[at], statistics.inverse_deviation[at], z);
    const float* dz = above;
    if (weight != nullptr) {
      float* for_weight = to.weight.mutable_data() + row / positions * width;
      float* for_bias = to.bias.mutable_data() + row / positions * width;
      const float* times = weight->tensor().data();
      float* product = weighted.data();
      vectorised([=] {
#pragma omp simd
        for (Index i = 0; i < width; ++i) {
          for_weight[i] += above[i] * z[i];
          for_bias[i] += above[i];
          product[i] = above[i] * times[i];
        }
      });
      dz = product;
    }
    row_gradient(dz, z, width, statistics.inverse_deviation[at], to.x.mutable_data() + row * width);
  }
  return to;
}

/// [B, width] under the parameter's shape, [B, normalized...].
PerSampleGrad dense_for(const Parameter& parameter, const Tensor& gradient) {
  return PerSampleGrad::dense(gradient.reshaped(parameter.shape().with_front(gradient.axis(0))));
}

}  // namespace

std::optional<OptionProblem> LayerNorm::problem_of(const Options& options) {
  if (options.normalized.rank() == 0 || options.normalized.size() == 0) {
    return OptionProblem{"normalized",
                         "is " + options.normalized.to_text() + ", expected one axis or more, none of length 0"};
  }
  return epsilon_problem(options.epsilon);
}

LayerNorm::LayerNorm(const Options& options) : options_(options) {
  require_none("LayerNorm", problem_of(options));
  if (!options.affine) return;
  weight_.emplace("weight", Tensor::filled(options.normalized, 1));
  bias_.emplace("bias", Tensor::zeros(options.normalized));
}

Shape LayerNorm::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  const auto want = options.normalized.axes();
  const auto have = sample.axes();
  if (have.size() < want.size() || !std::equal(want.rbegin(), want.rend(), have.rbegin())) {
    throw ShapeError(place + ": x is " + batched_text(sample) + "; its last axes are expected to be " +
                     options.normalized.to_text());
  }
  return sample;
}

Value LayerNorm::forward(Tape& tape, const Value& x) const {
  output_shape(x.sample_shape());
  const Index batch = x.kind() == Kind::sample ? x.shape()[0] : 1;
  const Index width = options_.normalized.size();
  const Parameter* weight = weight_ ? &*weight_ : nullptr;
  const Parameter* bias = bias_ ? &*bias_ : nullptr;
  Statistics statistics = measure(x.tensor(), width, options_.epsilon);
  Tensor y(x.shape());
  for (std::size_t row = 0; row < statistics.mean.size(); ++row) {
    const Index first = static_cast<Index>(row) * width;
    float* to = y.mutable_data() + first;
    standardise(x.tensor().data() + first, width, statistics.mean[row], statistics.inverse_deviation[row], to);
    if (weight != nullptr) scale_and_shift(weight->tensor().data(), bias->tensor().data(), width, to);
  }
  const auto backward = [x, batch, width, weight, bias, statistics = std::move(statistics)](const Tensor& dy,
                                                                                            Cotangents& send) {
    const Gradients gradients = gradients_of(x.tensor(), dy, batch, width, statistics, weight);
    send.to(x, [&] { return gradients.x; });
    if (weight != nullptr) send.to(*weight, [&] { return dense_for(*weight, gradients.weight); });
    if (bias != nullptr) send.to(*bias, [&] { return dense_for(*bias, gradients.bias); });
  };
  if (weight == nullptr) return tape.record_trusted(place(), {x}, {}, std::move(y), backward);
  return tape.record_trusted(place(), {x}, {*weight, *bias}, std::move(y), backward);
}

void LayerNorm::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  if (weight_) into.push_back({prefix + weight_->name(), &*weight_});
  if (bias_) into.push_back({prefix + bias_->name(), &*bias_});
}

}  // namespace dpml
