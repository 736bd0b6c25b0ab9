#include "convolution.h"

#include <algorithm>

#include "dpml/base/error.h"
#include "dpml/tensor/gemm.h"
#include "initial.h"
#include "rows.h"

namespace dpml {

namespace {

/// Patches are then the image itself.
bool sees_one_pixel(const PatchGeometry& g) {
  return g.kernel_height == 1 && g.kernel_width == 1 && g.stride_height == 1 && g.stride_width == 1 &&
         g.padding_height == 0 && g.padding_width == 0 && g.extra_height == 0 && g.extra_width == 0 && g.groups == 1;
}

/// Samples whose patches are unfolded at once: as many as fit into half a MiB, which stays in a core's own cache.
Index samples_at_once(const PatchGeometry& g, Index batch) {
  constexpr Index kNumbers = Index{1} << 17;
  return std::clamp<Index>(kNumbers / (g.positions() * g.patch_size()), 1, std::max<Index>(batch, 1));
}

/// By how much a result without padding is smaller; no more than what every image refuses.
Index lost_to(Index kernel, Index dilation) {
  constexpr Index kMost = Index{1} << 60;
  Index lost = 0;
  return __builtin_mul_overflow(kernel - 1, dilation, &lost) ? kMost : std::min(lost, kMost);
}

/// Where padding makes sizes equal, the odd one of an even kernel goes to the end.
Padding padding_of(const Conv2d::Options& options) {
  Padding padding{.mode = options.padding_mode,
                  .top = options.padding_height,
                  .bottom = options.padding_height,
                  .left = options.padding_width,
                  .right = options.padding_width};
  if (!options.padding_same) return padding;
  const Index rows = lost_to(options.kernel_height, options.dilation_height);
  const Index columns = lost_to(options.kernel_width, options.dilation_width);
  padding.top = rows / 2;
  padding.bottom = rows - padding.top;
  padding.left = columns / 2;
  padding.right = columns - padding.left;
  return padding;
}

}  // namespace

Tensor initial_kernel(const Shape& shape, Rng& init) {
  return uniform_for(shape.without_front().size(), shape, init);
}

Tensor initial_bias(const Shape& kernel, Index out_channels, Rng& init) {
  return uniform_for(kernel.without_front().size(), Shape{out_channels}, init);
}

ConvolutionPlan plan_of(const Conv2d::Options& options, const Shape& image, const std::string& place) {
  const Padding padding = padding_of(options);
  ConvolutionPlan plan{.images = image,
                       .padding = padding,
                       .geometry = {.in_height = image[0],
                                    .in_width = image[1],
                                    .in_channels = options.in_channels,
                                    .kernel_height = options.kernel_height,
                                    .kernel_width = options.kernel_width,
                                    .stride_height = options.stride_height,
                                    .stride_width = options.stride_width,
                                    .padding_height = padding.top,
                                    .padding_width = padding.left,
                                    .dilation_height = options.dilation_height,
                                    .dilation_width = options.dilation_width,
                                    .groups = options.groups,
                                    .extra_height = padding.bottom - padding.top,
                                    .extra_width = padding.right - padding.left}};
  PatchGeometry& geometry = plan.geometry;
  geometry.validate(place);  // the padding is not too large, whatever it holds
  if (!plan.pads_first()) return plan;
  padding.require_fit(place, image[0], image[1]);
  geometry.in_height += padding.top + padding.bottom;
  geometry.in_width += padding.left + padding.right;
  geometry.padding_height = geometry.padding_width = 0;
  geometry.extra_height = geometry.extra_width = 0;
  return plan;
}

Tensor convolved(const PatchGeometry& g, const Tensor& x, const Tensor& weight, const Parameter* bias, Products by) {
  const Index batch = x.axis(0);
  const Index positions = g.positions();
  const Index patch = g.patch_size();
  const Index out = weight.axis(0);
  const Index group_out = out / g.groups;
  const Index image = g.in_height * g.in_width * g.in_channels;
  const bool unfolded = !sees_one_pixel(g);
  const Index at_once = unfolded ? samples_at_once(g, batch) : std::max<Index>(batch, 1);

  Tensor y(Shape{batch, g.out_height(), g.out_width(), out});
  Tensor patches(Shape{unfolded ? at_once * positions : 0, patch});
  for (Index first = 0; first < batch; first += at_once) {
    const Index samples = std::min(at_once, batch - first);
    float* to = y.mutable_data() + first * positions * out;
    for (Index group = 0; group < g.groups; ++group) {
      for (Index i = 0; unfolded && i < samples; ++i) {
        unfold(g, group, x.data() + (first + i) * image, patches.mutable_data() + i * positions * patch);
      }
      gemm({samples * positions,
            group_out,
            patch,
            {unfolded ? patches.data() : x.data() + first * image, patch},
            {weight.data() + group * group_out * patch, patch, Transpose::yes},
            to + group * group_out,
            out},
           by);
    }
    if (bias != nullptr) add_to_rows(bias->tensor().data(), samples * positions, out, to);
  }
  return y;
}

Tensor convolved_back(const PatchGeometry& g, const Tensor& dy, const Tensor& weight, Products by) {
  const Index batch = dy.axis(0);
  const Index positions = g.positions();
  const Index patch = g.patch_size();
  const Index out = weight.axis(0);
  const Index group_out = out / g.groups;
  const Index image = g.in_height * g.in_width * g.in_channels;
  const Shape shape{batch, g.in_height, g.in_width, g.in_channels};

  if (sees_one_pixel(g)) {
    Tensor dx(shape);
    gemm({batch * positions, patch, out, {dy.data(), out}, {weight.data(), patch}, dx.mutable_data(), patch}, by);
    return dx;
  }
  const Index at_once = samples_at_once(g, batch);
  Tensor dx = Tensor::zeros(shape);
  Tensor patches(Shape{at_once * positions, patch});
  for (Index first = 0; first < batch; first += at_once) {
    const Index samples = std::min(at_once, batch - first);
    const float* from = dy.data() + first * positions * out;
    for (Index group = 0; group < g.groups; ++group) {
      gemm({samples * positions,
            patch,
            group_out,
            {from + group * group_out, out},
            {weight.data() + group * group_out * patch, patch},
            patches.mutable_data(),
            patch},
           by);
      for (Index i = 0; i < samples; ++i) {
        fold_add(g, group, patches.data() + i * positions * patch, dx.mutable_data() + (first + i) * image);
      }
    }
  }
  return dx;
}

namespace {

Index transposed_length(const std::string& place, const char* axis, Index in, Index stride, Index padding,
                        Index output_padding, Index dilation, Index kernel) {
  constexpr double kMost = 0x1p61;
  const double grown = static_cast<double>(in - 1) * static_cast<double>(stride) +
                       static_cast<double>(dilation) * static_cast<double>(kernel - 1) +
                       static_cast<double>(output_padding) + 1;
  if (!(grown < kMost)) throw SizeError(place + ": the " + axis + " of the result is more than can be counted");
  const Index whole = (in - 1) * stride + dilation * (kernel - 1) + output_padding + 1;
  if (padding < (whole + 1) / 2) return whole - 2 * padding;
  throw ShapeError(place + ": padding " + std::to_string(padding) + " leaves nothing of a result of " + axis + " " +
                   std::to_string(whole) + "; state less");
}

}  // namespace

PatchGeometry transposed_geometry(const ConvTranspose2d::Options& o, const Shape& image, const std::string& place) {
  const PatchGeometry geometry{
      .in_height = transposed_length(place, "height", image[0], o.stride_height, o.padding_height,
                                     o.output_padding_height, o.dilation_height, o.kernel_height),
      .in_width = transposed_length(place, "width", image[1], o.stride_width, o.padding_width, o.output_padding_width,
                                    o.dilation_width, o.kernel_width),
      .in_channels = o.out_channels,
      .kernel_height = o.kernel_height,
      .kernel_width = o.kernel_width,
      .stride_height = o.stride_height,
      .stride_width = o.stride_width,
      .padding_height = o.padding_height,
      .padding_width = o.padding_width,
      .dilation_height = o.dilation_height,
      .dilation_width = o.dilation_width,
      .groups = o.groups,
      .extra_height = -o.output_padding_height,
      .extra_width = -o.output_padding_width};
  geometry.validate(place);
  return geometry;
}

Value convolve_transposed(Tape& tape, const std::string& place, const Value& x, const PatchGeometry& geometry,
                          const Parameter& weight, const std::optional<Parameter>& bias, const Shape& result) {
  const Index batch = x.shape()[0];
  const Products by = tape.options().products;
  const Shape images{batch, geometry.in_height, geometry.in_width, geometry.in_channels};
  Tensor y = convolved_back(geometry, x.tensor(), weight.tensor(), by).reshaped(result.with_front(batch));
  const Parameter* shift = bias ? &*bias : nullptr;
  if (shift != nullptr) {
    add_to_rows(shift->tensor().data(), y.size() / shift->size(), shift->size(), y.mutable_data());
  }
  Backward backward = [x, geometry, images, &weight, shift, by](const Tensor& dy, Cotangents& send) {
    const Tensor above = dy.reshaped(images);
    send.to(x, [&] { return convolved(geometry, above, weight.tensor(), nullptr, by).reshaped(x.shape()); });
    // The convolution's own gradient, with what comes in and what goes out exchanged.
    send.to(weight, [&] { return PerSampleGrad::patches(x.tensor(), above, geometry); });
    if (shift != nullptr) send.to(*shift, [&] { return PerSampleGrad::dense(sum_positions(dy)); });
  };
  if (shift != nullptr) return tape.record_trusted(place, {x}, {weight, *shift}, std::move(y), std::move(backward));
  return tape.record_trusted(place, {x}, {weight}, std::move(y), std::move(backward));
}

Value convolve(Tape& tape, const std::string& place, const Value& x, const ConvolutionPlan& plan,
               const Parameter& weight, const std::optional<Parameter>& bias, const Shape& result) {
  const Index batch = x.shape()[0];
  const Products by = tape.options().products;
  const Shape images = plan.images.with_front(batch);
  const Tensor given = x.tensor().reshaped(images);
  const Tensor seen = plan.pads_first() ? padded(plan.padding, given) : given;
  const Parameter* shift = bias ? &*bias : nullptr;
  Tensor y = convolved(plan.geometry, seen, weight.tensor(), shift, by).reshaped(result.with_front(batch));
  Backward backward = [x, plan, images, seen, &weight, shift, by](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] {
      const Tensor dx = convolved_back(plan.geometry, dy, weight.tensor(), by);
      return (plan.pads_first() ? padding_folded(plan.padding, dx, images) : dx).reshaped(x.shape());
    });
    send.to(weight, [&] { return PerSampleGrad::patches(dy, seen, plan.geometry); });
    if (shift != nullptr) send.to(*shift, [&] { return PerSampleGrad::dense(sum_positions(dy)); });
  };
  if (shift != nullptr) return tape.record_trusted(place, {x}, {weight, *shift}, std::move(y), std::move(backward));
  return tape.record_trusted(place, {x}, {weight}, std::move(y), std::move(backward));
}

}  // namespace dpml
