#include "dpml/layers/group_norm.h"

#include <algorithm>
#include <cmath>

#include "checks.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/base/vectorised.h"

namespace dpml {

namespace {

/// A sample is [positions, channels], groups of neighbouring channels share their statistics. Loops run over tiles of
/// whole positions, so that few channels still fill vectors.
struct Sizes {
  Index batch = 0;
  Index positions = 0;
  Index channels = 0;
  Index groups = 0;

  Index sample() const { return positions * channels; }
  Index width() const { return channels / groups; }
  Index tile() const { return channels * std::max<Index>(1, 64 / channels); }
  /// Numbers that share a mean; 1 when there are none, so that nothing is divided by 0.
  double group_size() const { return static_cast<double>(std::max<Index>(positions * width(), 1)); }
};

using Doubles = std::vector<double>;

/// Copies the first `channels` numbers of a tile to its other positions.
template <class Number>
void repeat_channels(const Sizes& sizes, std::vector<Number>& tile) {
  for (Index i = sizes.channels; i < sizes.tile(); i += sizes.channels) {
    std::copy_n(tile.begin(), sizes.channels, tile.begin() + i);
  }
}

/// For every place in a tile, the sum over the positions of its channel of term(element, place).
template <class Term>
void sum_over_positions(const Sizes& sizes, Doubles& sums, Term term) {
  std::fill(sums.begin(), sums.end(), 0.0);
  double* to = sums.data();
  vectorised([=] {
    for (Index first = 0; first < sizes.sample(); first += sizes.tile()) {
      const Index count = std::min(sizes.tile(), sizes.sample() - first);
#pragma omp simd
      for (Index i = 0; i < count; ++i) to[i] += term(first + i, i);
    }
  });
  for (Index i = sizes.channels; i < sizes.tile(); ++i) to[i % sizes.channels] += to[i];
  repeat_channels(sizes, sums);
}

/// Turns each channel's sum over positions into the mean over its group.
void average_over_groups(const Sizes& sizes, Doubles& sums) {
  for (Index first = 0; first < sizes.channels; first += sizes.width()) {
    const auto group = sums.begin() + first;
    double sum = 0;
    for (Index c = 0; c < sizes.width(); ++c) sum += group[c];
    std::fill_n(group, sizes.width(), sum / sizes.group_size());
  }
  repeat_channels(sizes, sums);
}

/// Of the group that each place of a tile belongs to, for every sample: [B, tile].
struct Statistics {
  Doubles mean;
  Doubles inverse_deviation;
};

Statistics measure(const Tensor& x, const Sizes& sizes, double epsilon) {
  Statistics statistics;
  statistics.mean.reserve(static_cast<std::size_t>(sizes.batch * sizes.tile()));
  statistics.inverse_deviation.reserve(statistics.mean.capacity());
  Doubles mean(static_cast<std::size_t>(sizes.tile()));
  Doubles variance(mean.size());
  for (Index b = 0; b < sizes.batch; ++b) {
    const float* sample = x.data() + b * sizes.sample();
    sum_over_positions(sizes, mean, [=](Index i, Index) { return static_cast<double>(sample[i]); });
    average_over_groups(sizes, mean);
    sum_over_positions(sizes, variance, [=, center = mean.data()](Index i, Index place) {
      const double distance = static_cast<double>(sample[i]) - center[place];
      return distance * distance;
    });
    average_over_groups(sizes, variance);
    statistics.mean.insert(statistics.mean.end(), mean.begin(), mean.end());
    for (const double v : variance) statistics.inverse_deviation.push_back(1 / std::sqrt(v + epsilon));
  }
  return statistics;
}

/// Per place of a tile: dy * slope + (x - center) * factor + offset, in float. What rounding takes from the mean goes
/// to the offset.
struct TileMap {
  explicit TileMap(const Sizes& of)
      : sizes(of),
        slope(static_cast<std::size_t>(of.tile())),
        center(slope.size()),
        factor(slope.size()),
        offset(slope.size()) {}

  void set(Index c, double mean, double new_factor, double new_offset) {
    const auto place = static_cast<std::size_t>(c);
    center[place] = static_cast<float>(mean);
    factor[place] = static_cast<float>(new_factor);
    offset[place] = static_cast<float>(new_offset - new_factor * (mean - static_cast<double>(center[place])));
  }

  void repeat() {
    for (std::vector<float>* numbers : {&slope, &center, &factor, &offset}) repeat_channels(sizes, *numbers);
  }

  Sizes sizes;
  std::vector<float> slope;
  std::vector<float> center;
  std::vector<float> factor;
  std::vector<float> offset;
};

/// Leaves out the term of dy.
void apply(const TileMap& map, const float* x, float* y) {
  const float* center = map.center.data();
  const float* factor = map.factor.data();
  const float* offset = map.offset.data();
  const Index sample = map.sizes.sample();
  vectorised([=, tile = map.sizes.tile()] {
    for (Index first = 0; first < sample; first += tile) {
      const Index count = std::min(tile, sample - first);
      const float* from = x + first;
      float* to = y + first;
#pragma omp simd
      for (Index i = 0; i < count; ++i) to[i] = (from[i] - center[i]) * factor[i] + offset[i];
    }
  });
}

void apply(const TileMap& map, const float* x, const float* dy, float* dx) {
  const float* slope = map.slope.data();
  const float* center = map.center.data();
  const float* factor = map.factor.data();
  const float* offset = map.offset.data();
  const Index sample = map.sizes.sample();
  vectorised([=, tile = map.sizes.tile()] {
    for (Index first = 0; first < sample; first += tile) {
      const Index count = std::min(tile, sample - first);
      const float* from = x + first;
      const float* above = dy + first;
      float* to = dx + first;
#pragma omp simd
      for (Index i = 0; i < count; ++i) to[i] = above[i] * slope[i] + ((from[i] - center[i]) * factor[i] + offset[i]);
    }
  });
}

double at_or(const Parameter* parameter, Index c, double otherwise) {
  return parameter == nullptr ? otherwise : static_cast<double>(parameter->tensor().data()[c]);
}

Tensor normalised(const Tensor& x, const Sizes& sizes, const Statistics& statistics, const Parameter* weight,
                  const Parameter* bias) {
  Tensor y(x.shape());
  TileMap map(sizes);
  for (Index b = 0; b < sizes.batch; ++b) {
    const double* mean = statistics.mean.data() + b * sizes.tile();
    const double* inverse = statistics.inverse_deviation.data() + b * sizes.tile();
    for (Index c = 0; c < sizes.channels; ++c) {
      map.set(c, mean[c], inverse[c] * at_or(weight, c, 1), at_or(bias, c, 0));
    }
    map.repeat();
    apply(map, x.data() + b * sizes.sample(), y.mutable_data() + b * sizes.sample());
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
  Doubles plain(static_cast<std::size_t>(sizes.tile()));
  Doubles along(plain.size());
  TileMap map(sizes);
  for (Index b = 0; b < sizes.batch; ++b) {
    const float* sample = x.data() + b * sizes.sample();
    const float* above = dy.data() + b * sizes.sample();
    const double* mean = statistics.mean.data() + b * sizes.tile();
    const double* inverse = statistics.inverse_deviation.data() + b * sizes.tile();
    sum_over_positions(sizes, plain, [=](Index i, Index) { return static_cast<double>(above[i]); });
    sum_over_positions(sizes, along, [=](Index i, Index place) {
      return static_cast<double>(above[i]) * (static_cast<double>(sample[i]) - mean[place]) * inverse[place];
    });
    for (Index c = 0; c < sizes.channels; ++c) {
      const auto place = static_cast<std::size_t>(c);
      const double times = at_or(weight, c, 1);
      to.bias.mutable_data()[b * sizes.channels + c] = static_cast<float>(plain[place]);
      to.weight.mutable_data()[b * sizes.channels + c] = static_cast<float>(along[place]);
      map.slope[place] = static_cast<float>(inverse[c] * times);
      plain[place] *= times;
      along[place] *= times;
    }
    average_over_groups(sizes, plain);
    average_over_groups(sizes, along);
    for (Index c = 0; c < sizes.channels; ++c) {
      const auto place = static_cast<std::size_t>(c);
      map.set(c, mean[c], -inverse[c] * inverse[c] * along[place], -inverse[c] * plain[place]);
    }
    map.repeat();
    apply(map, sample, above, to.x.mutable_data() + b * sizes.sample());
  }
  // A number that is alone in its group is normalised to 0 whatever it is; as computed, rounding would be left.
  if (sizes.positions * sizes.width() == 1) to.x = Tensor::zeros(x.shape());
  return to;
}

}  // namespace

std::optional<OptionProblem> GroupNorm::problem_of(const Options& options) {
  const auto sizes = {Size{"groups", options.groups}, Size{"channels", options.channels}};
  if (auto problem = first_not_positive(sizes)) return problem;
  if (options.channels % options.groups != 0) {
    return OptionProblem{"groups", "is " + std::to_string(options.groups) + ", which does not divide " +
                                       std::to_string(options.channels) + " channels; state a divisor"};
  }
  return epsilon_problem(options.epsilon);
}

GroupNorm::GroupNorm(const Options& options) : options_(options) {
  require_none("GroupNorm", problem_of(options));
  if (!options.affine) return;
  weight_.emplace("weight", Tensor::filled(Shape{options.channels}, 1));
  bias_.emplace("bias", Tensor::zeros(Shape{options.channels}));
}

Shape GroupNorm::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  if (sample.rank() == 0 || sample[-1] != options.channels) {
    throw ShapeError(place + ": x is " + batched_text(sample) + ", expected [B, ..., " +
                     std::to_string(options.channels) + "]: channels are the last axis");
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
  if (weight == nullptr) return tape.record_trusted(place(), {x}, {}, std::move(y), backward);
  return tape.record_trusted(place(), {x}, {*weight, *bias}, std::move(y), backward);
}

void GroupNorm::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  if (weight_) into.push_back({prefix + weight_->name(), &*weight_});
  if (bias_) into.push_back({prefix + bias_->name(), &*bias_});
}

}  // namespace dpml
