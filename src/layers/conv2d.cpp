#include "dpml/layers/conv2d.h"

#include <algorithm>

#include "checks.h"
#include "dpml/base/error.h"
#include "dpml/tensor/gemm.h"
#include "initial.h"
#include "rows.h"

namespace dpml {

namespace {

Index inputs_of(const Conv2d::Options& options) {
  return options.kernel_height * options.kernel_width * options.in_channels / options.groups;
}

Tensor initial_weight(const Conv2d::Options& options, Rng& init) {
  require_none("Conv2d", Conv2d::problem_of(options));
  const Shape shape{options.out_channels, options.kernel_height, options.kernel_width,
                    options.in_channels / options.groups};
  return uniform_for(inputs_of(options), shape, init);
}

PatchGeometry geometry_of(const Conv2d::Options& options, const Shape& sample, const std::string& place) {
  if (sample.rank() != 3 || sample[2] != options.in_channels) {
    throw ShapeError(place + ": x is " + batched_text(sample) + ", expected [B, H, W, " +
                     std::to_string(options.in_channels) + "], channels last");
  }
  PatchGeometry geometry;
  geometry.in_height = sample[0];
  geometry.in_width = sample[1];
  geometry.in_channels = options.in_channels;
  geometry.kernel_height = options.kernel_height;
  geometry.kernel_width = options.kernel_width;
  geometry.stride_height = options.stride_height;
  geometry.stride_width = options.stride_width;
  geometry.padding_height = options.padding_height;
  geometry.padding_width = options.padding_width;
  geometry.dilation_height = options.dilation_height;
  geometry.dilation_width = options.dilation_width;
  geometry.groups = options.groups;
  geometry.validate(place);
  return geometry;
}

/// Patches are then the image itself.
bool sees_one_pixel(const PatchGeometry& g) {
  return g.kernel_height == 1 && g.kernel_width == 1 && g.stride_height == 1 && g.stride_width == 1 &&
         g.padding_height == 0 && g.padding_width == 0 && g.groups == 1;
}

/// Samples whose patches are unfolded at once: as many as fit into half a MiB, which stays in a core's own cache.
Index samples_at_once(const PatchGeometry& g, Index batch) {
  constexpr Index kNumbers = Index{1} << 17;
  return std::clamp<Index>(kNumbers / (g.positions() * g.patch_size()), 1, std::max<Index>(batch, 1));
}

}  // namespace

std::optional<OptionProblem> Conv2d::problem_of(const Options& options) {
  const auto sizes = {Size{"in_channels", options.in_channels},
                      Size{"out_channels", options.out_channels},
                      Size{"kernel_height", options.kernel_height},
                      Size{"kernel_width", options.kernel_width},
                      Size{"stride_height", options.stride_height},
                      Size{"stride_width", options.stride_width},
                      Size{"dilation_height", options.dilation_height},
                      Size{"dilation_width", options.dilation_width},
                      Size{"groups", options.groups}};
  if (auto problem = first_not_positive(sizes)) return problem;
  const auto paddings = {Size{"padding_height", options.padding_height}, Size{"padding_width", options.padding_width}};
  if (auto problem = first_negative(paddings)) return problem;
  if (options.in_channels % options.groups == 0 && options.out_channels % options.groups == 0) return std::nullopt;
  return OptionProblem{"groups", "is " + std::to_string(options.groups) + ", which does not divide " +
                                     std::to_string(options.in_channels) + " input and " +
                                     std::to_string(options.out_channels) + " output channels; change one"};
}

Conv2d::Conv2d(const Options& options, Rng& init)
    : options_(options), weight_("weight", initial_weight(options, init), WeightOrder::channels_last_kernel) {
  if (options.bias) bias_.emplace("bias", uniform_for(inputs_of(options), Shape{options.out_channels}, init));
}

Shape Conv2d::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  const PatchGeometry geometry = geometry_of(options, sample, place);
  return Shape{geometry.out_height(), geometry.out_width(), options.out_channels};
}

Tensor Conv2d::apply(const PatchGeometry& g, const Tensor& x, Products by) const {
  const Index batch = x.axis(0);
  const Index positions = g.positions();
  const Index patch = g.patch_size();
  const Index out = options_.out_channels;
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
            {weight_.tensor().data() + group * group_out * patch, patch, Transpose::yes},
            to + group * group_out,
            out},
           by);
    }
    if (bias_) add_to_rows(bias_->tensor().data(), samples * positions, out, to);
  }
  return y;
}

Tensor Conv2d::input_gradient(const PatchGeometry& g, const Tensor& dy, Products by) const {
  const Index batch = dy.axis(0);
  const Index positions = g.positions();
  const Index patch = g.patch_size();
  const Index out = options_.out_channels;
  const Index group_out = out / g.groups;
  const Index image = g.in_height * g.in_width * g.in_channels;
  const Shape shape{batch, g.in_height, g.in_width, g.in_channels};

  if (sees_one_pixel(g)) {
    Tensor dx(shape);
    gemm({batch * positions, patch, out, {dy.data(), out}, {weight_.tensor().data(), patch}, dx.mutable_data(), patch},
         by);
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
            {weight_.tensor().data() + group * group_out * patch, patch},
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

Value Conv2d::forward(Tape& tape, const Value& x) const {
  const PatchGeometry geometry = geometry_of(options_, x.shape().without_front(), place());
  const Products by = tape.options().products;
  Tensor y = apply(geometry, x.tensor(), by);
  Backward backward = [this, x, geometry, by](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] { return input_gradient(geometry, dy, by); });
    send.to(weight_, [&] { return PerSampleGrad::patches(dy, x.tensor(), geometry); });
    if (bias_) send.to(*bias_, [&] { return PerSampleGrad::dense(sum_positions(dy)); });
  };
  if (bias_) return tape.record(place(), {x}, {weight_, *bias_}, std::move(y), std::move(backward));
  return tape.record(place(), {x}, {weight_}, std::move(y), std::move(backward));
}

void Conv2d::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  into.push_back({prefix + weight_.name(), &weight_});
  if (bias_) into.push_back({prefix + bias_->name(), &*bias_});
}

}  // namespace dpml
