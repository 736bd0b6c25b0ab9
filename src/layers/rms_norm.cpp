#include "dpml/layers/rms_norm.h"

#include <cmath>

#include "checks.h"
#include "dpml/base/vectorised.h"
#include "dpml/layers/layer_norm.h"
#include "dpml/tensor/reductions.h"

namespace dpml {

namespace {

/// 1 / root mean square of every row of normalised numbers.
std::vector<double> inverse_lengths(const Tensor& x, Index width, double epsilon) {
  std::vector<double> inverse(static_cast<std::size_t>(x.size() / width));
  for (std::size_t r = 0; r < inverse.size(); ++r) {
    const std::span<const float> row =
        x.values().subspan(r * static_cast<std::size_t>(width)).first(static_cast<std::size_t>(width));
    inverse[r] = 1 / std::sqrt(sum_of_squares(row) / static_cast<double>(width) + epsilon);
  }
  return inverse;
}

void multiply_all(const float* x, float factor, Index width, float* y) {
  vectorised([=] {
#pragma omp simd
    for (Index i = 0; i < width; ++i) y[i] = x[i] * factor;
  });
}

void multiply_each(const float* x, const float* factors, Index width, float* y) {
  vectorised([=] {
#pragma omp simd
    for (Index i = 0; i < width; ++i) y[i] = x[i] * factors[i];
  });
}

/// With z the row over its root mean square and dz = dy * weight: dx = (dz - z mean(dz z)) / root mean square.
void row_gradient(const float* dz, const float* z, Index width, double inverse_length, float* dx) {
  const auto count = static_cast<std::size_t>(width);
  const auto pull = static_cast<float>(dot({dz, count}, {z, count}) / static_cast<double>(width));
  const auto inverse = static_cast<float>(inverse_length);
  vectorised([=] {
#pragma omp simd
    for (Index i = 0; i < width; ++i) dx[i] = inverse * (dz[i] - z[i] * pull);
  });
}

struct Gradients {
  Tensor x;
  Tensor weight;  // [B, width]: sum of dy z over positions
};

Gradients gradients_of(const Tensor& x, const Tensor& dy, Index batch, Index width,
                       const std::vector<double>& inverse_length, const Parameter* weight) {
  Gradients to{Tensor(x.shape()), Tensor::zeros(Shape{batch, width})};
  std::vector<float> standard(static_cast<std::size_t>(width));
  std::vector<float> weighted(standard.size());
  float* z = standard.data();
  const Index positions = batch == 0 ? 0 : x.size() / (batch * width);
  for (Index row = 0; row < batch * positions; ++row) {
    const double inverse = inverse_length[static_cast<std::size_t>(row)];
    const float* above = dy.data() + row * width;
    multiply_all(x.data() + row * width, static_cast<float>(inverse), width, z);
    const float* dz = above;
    if (weight != nullptr) {
      float* for_weight = to.weight.mutable_data() + row / positions * width;
      vectorised([=] {
#pragma omp simd
        for (Index i = 0; i < width; ++i) for_weight[i] += above[i] * z[i];
      });
      multiply_each(above, weight->tensor().data(), width, weighted.data());
      dz = weighted.data();
    }
    row_gradient(dz, z, width, inverse, to.x.mutable_data() + row * width);
  }
  return to;
}

LayerNorm::Options as_layer_norm(const RMSNorm::Options& options) {
  return {.normalized = options.normalized, .epsilon = options.epsilon, .affine = options.affine};
}

}  // namespace

std::optional<OptionProblem> RMSNorm::problem_of(const Options& options) {
  return LayerNorm::problem_of(as_layer_norm(options));
}

Shape RMSNorm::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  return LayerNorm::output_shape(as_layer_norm(options), sample, place);
}

RMSNorm::RMSNorm(const Options& options) : options_(options) {
  require_none("RMSNorm", problem_of(options));
  if (options.affine) weight_.emplace("weight", Tensor::filled(options.normalized, 1));
}

Value RMSNorm::forward(Tape& tape, const Value& x) const {
  output_shape(x.sample_shape());
  const Index batch = x.kind() == Kind::sample ? x.shape()[0] : 1;
  const Index width = options_.normalized.size();
  const Parameter* weight = weight_ ? &*weight_ : nullptr;
  std::vector<double> inverse_length = inverse_lengths(x.tensor(), width, options_.epsilon);
  Tensor y(x.shape());
  for (std::size_t row = 0; row < inverse_length.size(); ++row) {
    const Index first = static_cast<Index>(row) * width;
    float* to = y.mutable_data() + first;
    multiply_all(x.tensor().data() + first, static_cast<float>(inverse_length[row]), width, to);
    if (weight != nullptr) multiply_each(to, weight->tensor().data(), width, to);
  }
  const auto backward = [x, batch, width, weight, inverse_length = std::move(inverse_length)](const Tensor& dy,
                                                                                              Cotangents& send) {
    const Gradients gradients = gradients_of(x.tensor(), dy, batch, width, inverse_length, weight);
    send.to(x, [&] { return gradients.x; });
    if (weight == nullptr) return;
    send.to(*weight,
            [&] { return PerSampleGrad::dense(gradients.weight.reshaped(weight->shape().with_front(batch))); });
  };
  if (weight == nullptr) return tape.record_trusted(place(), {x}, {}, std::move(y), backward);
  return tape.record_trusted(place(), {x}, {*weight}, std::move(y), backward);
}

void RMSNorm::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  if (weight_) into.push_back({prefix + weight_->name(), &*weight_});
}

}  // namespace dpml
