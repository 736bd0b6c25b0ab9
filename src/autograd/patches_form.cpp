#include <algorithm>

#include "dpml/tensor/gemm.h"
#include "forms.h"

namespace dpml {

namespace {

/// Sizes of one group's factors and of one image.
struct Sizes {
  Index positions;  // T
  Index out;        // channels of u, all groups
  Index group_out;  // m
  Index patch;      // n
  Index image;      // H W C

  Sizes(const Tensor& u, const PatchGeometry& geometry)
      : positions(geometry.positions()),
        out(u.axis(2)),
        group_out(u.axis(2) / geometry.groups),
        patch(geometry.patch_size()),
        image(geometry.in_height * geometry.in_width * geometry.in_channels) {}
};

}  // namespace

void add_patches_norms(const Tensor& u, const Tensor& x, const PatchGeometry& geometry, std::span<double> upper) {
  const Sizes size(u, geometry);
  Tensor patches(Shape{size.positions, size.patch});
  for (Index b = 0; b < u.axis(0); ++b) {
    for (Index group = 0; group < geometry.groups; ++group) {
      unfold(geometry, group, x.data() + b * size.image, patches.mutable_data());
      const float* ub = u.data() + b * size.positions * size.out + group * size.group_out;
      upper[static_cast<std::size_t>(b)] +=
          gram_squared_norm(size.positions, ub, size.group_out, size.out, patches.data(), size.patch, size.patch);
    }
  }
}

void add_patches_sum(const Tensor& u, const Tensor& x, const PatchGeometry& geometry, std::span<const float> weights,
                     float* into) {
  const Sizes size(u, geometry);
  const Index kept = std::ssize(weights) - std::count(weights.begin(), weights.end(), 0.0F);
  Tensor patches(Shape{kept * size.positions, size.patch});
  Tensor scaled(Shape{kept * size.positions, size.out});
  const Index rows = size.positions * size.out;
  Index place = 0;
  for (Index b = 0; b < u.axis(0); ++b) {
    const float weight = weights[static_cast<std::size_t>(b)];
    if (weight == 0) continue;
    const float* from = u.data() + b * rows;
    float* to = scaled.mutable_data() + place++ * rows;
    for (Index i = 0; i < rows; ++i) to[i] = weight * from[i];
  }
  for (Index group = 0; group < geometry.groups; ++group) {
    place = 0;
    for (Index b = 0; b < u.axis(0); ++b) {
      if (weights[static_cast<std::size_t>(b)] == 0) continue;
      unfold(geometry, group, x.data() + b * size.image,
             patches.mutable_data() + place++ * size.positions * size.patch);
    }
    gemm(Transpose::yes, Transpose::no, size.group_out, size.patch, kept * size.positions, 1.0F,
         scaled.data() + group * size.group_out, size.out, patches.data(), size.patch, 1.0F,
         into + group * size.group_out * size.patch, size.patch);
  }
}

Tensor dense_from_patches(const Tensor& u, const Tensor& x, const PatchGeometry& geometry) {
  const Sizes size(u, geometry);
  Tensor g(Shape{u.axis(0), size.out, geometry.kernel_height, geometry.kernel_width, geometry.group_channels()});
  Tensor patches(Shape{size.positions, size.patch});
  for (Index b = 0; b < u.axis(0); ++b) {
    for (Index group = 0; group < geometry.groups; ++group) {
      unfold(geometry, group, x.data() + b * size.image, patches.mutable_data());
      gemm(Transpose::yes, Transpose::no, size.group_out, size.patch, size.positions, 1.0F,
           u.data() + b * size.positions * size.out + group * size.group_out, size.out, patches.data(), size.patch,
           0.0F, g.mutable_data() + (b * size.out + group * size.group_out) * size.patch, size.patch);
    }
  }
  return g;
}

}  // namespace dpml
