#pragma once

// Per-sample gradients in every form, each with its obvious twin: the gradients added up term by term.

#include <span>
#include <string>
#include <vector>

#include "autograd/random_tensor.h"
#include "dpml/autograd/per_sample_grad.h"

namespace dpml {

struct GradientExample {
  std::string name;
  PerSampleGrad gradient;
  std::vector<long double> truth;  // [B, parameter...]
};

inline long double product(float a, float b) {
  return static_cast<long double>(a) * static_cast<long double>(b);
}

inline GradientExample dense_example(const Shape& shape, std::uint64_t seed) {
  const Tensor g = random_tensor(shape, seed);
  return {"dense " + shape.to_text(), PerSampleGrad::dense(g), {g.values().begin(), g.values().end()}};
}

/// u [B, T, m] and v [B, T, n].
inline GradientExample outer_example(const Tensor& u, const Tensor& v) {
  const Index m = u.axis(2);
  const Index n = v.axis(2);
  std::vector<long double> truth(static_cast<std::size_t>(u.axis(0) * m * n));
  for (Index b = 0; b < u.axis(0); ++b) {
    for (Index t = 0; t < u.axis(1); ++t) {
      for (Index i = 0; i < m; ++i) {
        for (Index j = 0; j < n; ++j) {
          truth[static_cast<std::size_t>((b * m + i) * n + j)] +=
              product(u.data()[(b * u.axis(1) + t) * m + i], v.data()[(b * u.axis(1) + t) * n + j]);
        }
      }
    }
  }
  return {"outer " + u.shape().to_text() + " x " + v.shape().to_text(), PerSampleGrad::outer(u, v), std::move(truth)};
}

inline GradientExample outer_example(Index batch, Index positions, Index m, Index n, std::uint64_t seed) {
  return outer_example(random_tensor(Shape{batch, positions, m}, seed),
                       random_tensor(Shape{batch, positions, n}, seed + 1));
}

inline GradientExample patches_example(Index batch, Index out, const PatchGeometry& g, std::uint64_t seed) {
  const Tensor u = random_tensor(Shape{batch, g.out_height(), g.out_width(), out}, seed);
  const Tensor x = random_tensor(Shape{batch, g.in_height, g.in_width, g.in_channels}, seed + 1);
  const Index per_group = out / g.groups;
  std::vector<long double> truth(static_cast<std::size_t>(batch * out * g.patch_size()));
  for (Index row = 0; row < u.size() / out; ++row) {  // samples and output positions
    const Index b = row / g.positions();
    const Index oy = row % g.positions() / g.out_width();
    const Index ox = row % g.out_width();
    for (Index o = 0; o < out; ++o) {
      for (Index place = 0; place < g.patch_size(); ++place) {
        const Index c = place % g.group_channels();
        const Index kx = place / g.group_channels() % g.kernel_width;
        const Index ky = place / g.group_channels() / g.kernel_width;
        const Index iy = oy * g.stride_height - g.padding_height + ky * g.dilation_height;
        const Index ix = ox * g.stride_width - g.padding_width + kx * g.dilation_width;
        if (iy < 0 || iy >= g.in_height || ix < 0 || ix >= g.in_width) continue;
        const Index channel = o / per_group * g.group_channels() + c;
        truth[static_cast<std::size_t>((b * out + o) * g.patch_size() + place)] += product(
            u.data()[row * out + o], x.data()[((b * g.in_height + iy) * g.in_width + ix) * g.in_channels + channel]);
      }
    }
  }
  return {"patches of " + x.shape().to_text() + ", groups " + std::to_string(g.groups), PerSampleGrad::patches(u, x, g),
          std::move(truth)};
}

/// Indices below `used`, so that with few of them rows come again within a sample.
inline GradientExample rows_example(Index batch, Index positions, Index features, Index vocabulary, Index used,
                                    std::uint64_t seed) {
  const Tensor index = random_indices(Shape{batch, positions}, used, seed);
  const Tensor v = random_tensor(Shape{batch, positions, features}, seed + 1);
  std::vector<long double> truth(static_cast<std::size_t>(batch * vocabulary * features));
  for (Index row = 0; row < batch * positions; ++row) {
    for (Index f = 0; f < features; ++f) {
      const Index to = row / positions * vocabulary + static_cast<Index>(index.data()[row]);
      truth[static_cast<std::size_t>(to * features + f)] += static_cast<long double>(v.data()[row * features + f]);
    }
  }
  return {"rows " + v.shape().to_text() + " of " + std::to_string(vocabulary),
          PerSampleGrad::rows(index, v, vocabulary), std::move(truth)};
}

inline std::vector<GradientExample> gradient_examples() {
  std::vector<GradientExample> all;
  for (const Shape& shape : {Shape{5, 4}, Shape{3, 2, 3, 4}, Shape{4, 2500}, Shape{6, 1}, Shape{3}}) {
    all.push_back(dense_example(shape, 10));
  }
  for (const Index positions : {1, 2, 7, 40}) {
    all.push_back(outer_example(5, positions, 3, 4, 20));
    all.push_back(outer_example(4, positions, 33, 17, 22));
    all.push_back(outer_example(3, positions, 1, 9, 24));
  }
  const PatchGeometry plain{.in_height = 6, .in_width = 5, .in_channels = 4, .kernel_height = 3, .kernel_width = 2};
  PatchGeometry rich = plain;
  rich.stride_height = rich.padding_height = rich.padding_width = rich.dilation_width = 2;
  PatchGeometry grouped = rich;
  grouped.groups = 2;
  PatchGeometry depthwise = plain;
  depthwise.groups = 4;
  PatchGeometry one_position{.in_height = 3, .in_width = 3, .in_channels = 9, .kernel_height = 3, .kernel_width = 3};
  for (const PatchGeometry& geometry : {plain, rich, grouped, depthwise, one_position}) {
    all.push_back(patches_example(4, 8, geometry, 30));
  }
  all.push_back(patches_example(3, 90, one_position, 30));  // large enough to stay in factors
  all.push_back(rows_example(5, 6, 3, 10, 10, 40));
  all.push_back(rows_example(5, 6, 3, 10, 2, 42));
  all.push_back(rows_example(4, 1, 7, 3, 3, 44));
  return all;
}

inline std::vector<double> squared_norms(const PerSampleGrad& gradient) {
  std::vector<double> upper(static_cast<std::size_t>(gradient.batch()));
  gradient.add_squared_norms(upper);
  return upper;
}

inline std::vector<float> weighted_sum(const PerSampleGrad& gradient, std::span<const float> weights) {
  std::vector<float> sum(static_cast<std::size_t>(gradient.parameter_shape().size()));
  gradient.add_weighted_sum(weights, sum.data());
  return sum;
}

/// The squared length of each sample's row of [B, size].
inline std::vector<long double> plain_squared_norms(const std::vector<long double>& g, Index batch) {
  std::vector<long double> norms(static_cast<std::size_t>(batch));
  for (std::size_t i = 0; i < g.size(); ++i) norms[i * norms.size() / g.size()] += g[i] * g[i];
  return norms;
}

inline std::vector<long double> plain_squared_norms(const Tensor& g) {
  return plain_squared_norms({g.values().begin(), g.values().end()}, g.axis(0));
}

}  // namespace dpml
