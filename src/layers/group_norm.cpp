#include "dpml/layers/group_norm.h"

#include <algorithm>
#include <cmath>

#include "checks.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

struct Sizes {
  Index batch = 0;
  Index positions = 0;
  Index channels = 0;
  Index groups = 0;

  Index sample() const { return positions * channels; }
  Index width() const { return channels / groups; }
  /// Numbers that share a mean; 1 when there are none, so that nothing is divided by 0.
  double group_size() const { return static_cast<double>(std::max<Index>(positions * width(), 1)); }
};

using Doubles = std::vector<double>;

/// sums[c] = the sum over positions of term(element, c).
template <class Term>
void sum_over_positions(const Sizes& sizes, Doubles& sums, Term term) {
  std::fill(sums.begin(), sums.end(), 0.0);
  double* to = sums.data();
  for (Index first = 0; first < sizes.sample(); first += sizes.channels) {
#pragma omp simd
    for (Index c = 0; c < sizes.channels; ++c) to[c] += term(first + c, c);
  }
}

/// Turns each channel's sum over positions into the mean over its group.
void average_over_groups(const Sizes& sizes, Doubles& sums) {
  for (auto group = sums.begin(); group != sums.end(); group += sizes.width()) {
    double sum = 0;
    for (Index c = 0; c < sizes.width(); ++c) sum += group[c];
    std::fill_n(group, sizes.width(), sum / sizes.group_size());
  }
}

/// Of the group that each channel belongs to, for every sample: [B, C].
struct Statistics {
  Doubles mean;
  Doubles inverse_deviation;
};

Statistics measure(const Tensor& x, const Sizes& sizes, double epsilon) {
  Statistics statistics;
  statistics.mean.reserve(static_cast<std::size_t>(sizes.batch * sizes.channels));
  statistics.inverse_deviation.reserve(statistics.mean.capacity());
  Doubles mean(static_cast<std::size_t>(sizes.channels));
  Doubles variance(mean.size());
  for (Index b = 0; b < sizes.batch; ++b) {
    const float* sample = x.data() + b * sizes.sample();
    sum_over_positions(sizes, mean, [=](Index i, Index) { return static_cast<double>(sample[i]); });
    average_over_groups(sizes, mean);
    sum_over_positions(sizes, variance, [=, center = mean.data()](Index i, Index c) {
      const double distance = static_cast<double>(sample[i]) - center[c];
      return distance * distance;
    });
    average_over_groups(sizes, variance);
    statistics.mean.insert(statistics.mean.end(), mean.begin(), mean.end());
    for (const double v : variance) statistics.inverse_deviation.push_back(1 / std::sqrt(v + epsilon));
  }
  return statistics;
}

/// Per channel of one sample: (x - center) * factor + offset, in float. What rounding takes from the mean goes to the
/// offset.
struct ChannelMap {
  explicit ChannelMap(const Sizes& sizes)
      : center(static_cast<std::size_t>(sizes.channels)), factor(center.size()), offset(center.size()) {}

  void set(std::size_t c, double mean, double new_factor, double new_offset) {
    center[c] = static_cast<float>(mean);
    factor[c] = static_cast<float>(new_factor);
    offset[c] = static_cast<float>(new_offset - new_factor * (mean - static_cast<double>(center[c])));
  }

  std::vector<float> center;
  std::vector<float> factor;
  std::vector<float> offset;
};

void apply(const Sizes& sizes, const ChannelMap& map, const float* x, float* y) {
  const float* center = map.center.data();
  const float* factor = map.factor.data();
  const float* offset = map.offset.data();
  for (Index p = 0; p < sizes.positions; ++p, x += sizes.channels, y += sizes.channels) {
#pragma omp simd
    for (Index c = 0; c < sizes.channels; ++c) y[c] = (x[c] - center[c]) * factor[c] + offset[c];
  }
}

/// As apply, with dy * slope added.
void apply_with_slope(const Sizes& sizes, const ChannelMap& map, const std::vector<float>& slopes, const float* x,
                      const float* dy, float* dx) {
  const float* center = map.center.data();
  const float* factor = map.factor.data();
  const float* offset = map.offset.data();
  const float* slope = slopes.data();
  for (Index p = 0; p < sizes.positions; ++p) {
#pragma omp simd
    for (Index c = 0; c < sizes.channels; ++c) dx[c] = dy[c] * slope[c] + ((x[c] - center[c]) * factor[c] + offset[c]);
    x += sizes.channels;
    dy += sizes.channels;
    dx += sizes.channels;
  }
}

double at_or(const Parameter* parameter, std::size_t c, double otherwise) {
  return parameter == nullptr ? otherwise : static_cast<double>(parameter->tensor().data()[c]);
}

Tensor normalised(const Tensor& x, const Sizes& sizes, const Statistics& statistics, const Parameter* weight,
                  const Parameter* bias) {
  Tensor y(x.shape());
  ChannelMap map(sizes);
  for (Index b = 0; b < sizes.batch; ++b) {
    const double* mean = statistics.mean.data() + b * sizes.channels;
    const double* inverse = statistics.inverse_deviation.data() + b * sizes.channels;
    for (std::size_t c = 0; c < map.center.size(); ++c) {
      map.set(c, mean[c], inverse[c] * at_or(weight, c, 1), at_or(bias, c, 0));
    }
    apply(sizes, map, x.data() + b * sizes.sample(), y.mutable_data() + b * sizes.sample());
  }
  return y;
}

struct Gradients {
  Tensor x;
  Tensor weight;  // [B, C]
  Tensor bias;    // [B, C]
};

/// With z the normalised x: weight gets sum dy z, bias sum dy, both over positions; with dz = dy * weight, x gets
/// (dz - mean(dz) - z mean(dz z)) / deviation, the means over the group.
Gradients gradients_of(const Tensor& x, const Tensor& dy, const Sizes& sizes, const Statistics& statistics,
                       const Parameter* weight) {
  const Shape per_channel{sizes.batch, sizes.channels};
  Gradients to{Tensor(x.shape()), Tensor(per_channel), Tensor(per_channel)};
  Doubles plain(static_cast<std::size_t>(sizes.channels));
  Doubles along(plain.size());
  std::vector<float> slope(plain.size());
  ChannelMap map(sizes);
  for (Index b = 0; b < sizes.batch; ++b) {
    const float* sample = x.data() + b * sizes.sample();
    const float* above = dy.data() + b * sizes.sample();
    const double* mean = statistics.mean.data() + b * sizes.channels;
    const double* inverse = statistics.inverse_deviation.data() + b * sizes.channels;
    sum_over_positions(sizes, plain, [=](Index i, Index) { return static_cast<double>(above[i]); });
    sum_over_positions(sizes, along, [=](Index i, Index c) {
      return static_cast<double>(above[i]) * (static_cast<double>(sample[i]) - mean[c]) * inverse[c];
    });
    for (std::size_t c = 0; c < plain.size(); ++c) {
      to.bias.mutable_data()[b * sizes.channels + static_cast<Index>(c)] = static_cast<float>(plain[c]);
      to.weight.mutable_data()[b * sizes.channels + static_cast<Index>(c)] = static_cast<float>(along[c]);
      plain[c] *= at_or(weight, c, 1);
      along[c] *= at_or(weight, c, 1);
      slope[c] = static_cast<float>(inverse[c] * at_or(weight, c, 1));
    }
    average_over_groups(sizes, plain);
    average_over_groups(sizes, along);
    for (std::size_t c = 0; c < plain.size(); ++c) {
      map.set(c, mean[c], -inverse[c] * inverse[c] * along[c], -inverse[c] * plain[c]);
    }
    apply_with_slope(sizes, map, slope, sample, above, to.x.mutable_data() + b * sizes.sample());
  }
  return to;
}

}  // namespace

GroupNorm::GroupNorm(const Options& options) : options_(options) {
  require_positive("GroupNorm", "groups", options.groups);
  require_positive("GroupNorm", "channels", options.channels);
  if (options.channels % options.groups != 0) {
    throw ConfigError("GroupNorm: " + std::to_string(options.groups) + " groups do not divide " +
                      std::to_string(options.channels) + " channels");
  }
  if (!(options.epsilon > 0)) {
    throw ConfigError("GroupNorm: epsilon is " + to_text(options.epsilon) + ", expected a number above 0");
  }
  if (!options.affine) return;
  weight_.emplace("weight", Tensor::filled(Shape{options.channels}, 1));
  bias_.emplace("bias", Tensor::zeros(Shape{options.channels}));
}

Shape GroupNorm::output_shape(const Shape& sample) const {
  if (sample.rank() == 0 || sample[-1] != options_.channels) {
    throw ShapeError(place() + ": x is " + batched_text(sample) + ", expected [B, ..., " +
                     std::to_string(options_.channels) + "]: channels are the last axis");
  }
  return sample;
}

Value GroupNorm::forward(Tape& tape, const Value& x) const {
  const Shape sample = output_shape(x.sample_shape());
  const Sizes sizes{.batch = x.kind() == Kind::sample ? x.shape()[0] : 1,
                    .positions = sample.without_back().size(),
                    .channels = options_.channels,
                    .groups = options_.groups};
  const Parameter* weight = weight_ ? &*weight_ : nullptr;
  const Parameter* bias = bias_ ? &*bias_ : nullptr;
  Statistics statistics = measure(x.tensor(), sizes, options_.epsilon);
  Tensor y = normalised(x.tensor(), sizes, statistics, weight, bias);
  const auto backward = [x, sizes, weight, bias, statistics = std::move(statistics)](const Tensor& dy,
                                                                                     Cotangents& send) {
    const Gradients gradients = gradients_of(x.tensor(), dy, sizes, statistics, weight);
    send.to(x, [&] { return gradients.x; });
    if (weight != nullptr) send.to(*weight, [&] { return PerSampleGrad::dense(gradients.weight); });
    if (bias != nullptr) send.to(*bias, [&] { return PerSampleGrad::dense(gradients.bias); });
  };
  if (weight == nullptr) return tape.record(place(), {x}, {}, std::move(y), backward);
  return tape.record(place(), {x}, {*weight, *bias}, std::move(y), backward);
}

void GroupNorm::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  if (weight_) into.push_back({prefix + weight_->name(), &*weight_});
  if (bias_) into.push_back({prefix + bias_->name(), &*bias_});
}

}  // namespace dpml
