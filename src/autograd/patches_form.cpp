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

/// Sample b's gradient of one group's weights: the transposed gradients of the outputs times the patches.
MatrixProduct group_product(const Sizes& size, const Tensor& u, Index b, Index group, const Tensor& patches,
                            float* into) {
  return {size.group_out,
          size.patch,
          size.positions,
          {u.data() + b * size.positions * size.out + group * size.group_out, size.out, Transpose::yes},
          {patches.data(), size.patch},
          into,
          size.patch};
}

}  // namespace

void add_patches_norms(const Tensor& u, const Tensor& x, const PatchGeometry& geometry, std::span<double> upper) {
  const Sizes size(u, geometry);
  Tensor patches(Shape{size.positions, size.patch});
  for (Index b = 0; b < u.axis(0); ++b) {
    for (Index group = 0; group < geometry.groups; ++group) {
      unfold(geometry, group, x.data() + b * size.image, patches.mutable_data());
      const float* ub = u.data() + b * size.positions * size.out + group * size.group_out;
      upper[static_cast<std::size_t>(b)] +=
          chain_squared_norm(size.positions, ub, size.group_out, size.out, patches.data(), size.patch, size.patch);
    }
  }
}

void add_patches_sum(const Tensor& u, const Tensor& x, const PatchGeometry& geometry, std::span<const float> weights,
                     float* into) {
  const Sizes size(u, geometry);
  Tensor patches(Shape{size.positions, size.patch});
  for (Index b = 0; b < u.axis(0); ++b) {
    const float weight = weights[static_cast<std::size_t>(b)];
    if (weight == 0) continue;
    for (Index group = 0; group < geometry.groups; ++group) {
      unfold(geometry, group, x.data() + b * size.image, patches.mutable_data());
      MatrixProduct product = group_product(size, u, b, group, patches, into + group * size.group_out * size.patch);
      product.result = GemmResult::is_added;
      product.factor = weight;
      gemm(product);
    }
  }
}

Tensor dense_from_patches(const Tensor& u, const Tensor& x, const PatchGeometry& geometry) {
  const Sizes size(u, geometry);
  Tensor g(Shape{u.axis(0), size.out, geometry.kernel_height, geometry.kernel_width, geometry.group_channels()});
  Tensor patches(Shape{size.positions, size.patch});
  for (Index b = 0; b < u.axis(0); ++b) {
    for (Index group = 0; group < geometry.groups; ++group) {
      unfold(geometry, group, x.data() + b * size.image, patches.mutable_data());
      gemm(group_product(size, u, b, group, patches,
                         g.mutable_data() + (b * size.out + group * size.group_out) * size.patch));
    }
  }
  return g;
}

}  // namespace dpml
