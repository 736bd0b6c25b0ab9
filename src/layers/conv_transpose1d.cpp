#include "dpml/layers/conv_transpose1d.h"

#include "checks.h"
#include "convolution.h"
#include "dpml/base/error.h"

namespace dpml {

namespace {

Shape weight_shape(const ConvTranspose1d::Options& options) {
  require_none("ConvTranspose1d", ConvTranspose1d::problem_of(options));
  return {options.in_channels, 1, options.kernel, options.out_channels / options.groups};
}

/// The same on an image of height 1.
ConvTranspose2d::Options on_images(const ConvTranspose1d::Options& options) {
  return {.in_channels = options.in_channels,
          .out_channels = options.out_channels,
          .kernel_width = options.kernel,
          .stride_width = options.stride,
          .padding_width = options.padding,
          .output_padding_width = options.output_padding,
          .dilation_width = options.dilation,
          .groups = options.groups,
          .bias = options.bias};
}

PatchGeometry geometry_of(const ConvTranspose1d::Options& options, const Shape& sample, const std::string& place) {
  if (sample.rank() != 2 || sample[1] != options.in_channels || sample[0] == 0) {
    throw ShapeError(place + ": x is " + batched_text(sample) + ", expected [B, T, " +
                     std::to_string(options.in_channels) + "] with T above 0, channels last");
  }
  return transposed_geometry(on_images(options), Shape{1, sample[0], sample[1]}, place);
}

}  // namespace

std::optional<OptionProblem> ConvTranspose1d::problem_of(const Options& options) {
  if (auto problem = line_sizes_problem(options)) return problem;
  return output_padding_problem({"output_padding", options.output_padding}, options.stride, options.dilation);
}

ConvTranspose1d::ConvTranspose1d(const Options& options, Rng& init)
    : options_(options),
      weight_("weight", initial_kernel(weight_shape(options), init), WeightOrder::channels_last_line) {
  if (options.bias) bias_.emplace("bias", initial_bias(weight_.shape(), options.out_channels, init));
}

Shape ConvTranspose1d::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  return Shape{geometry_of(options, sample, place).in_width, options.out_channels};
}

Value ConvTranspose1d::forward(Tape& tape, const Value& x) const {
  const Shape sample = x.shape().without_front();
  return convolve_transposed(tape, place(), x, geometry_of(options_, sample, place()), weight_, bias_,
                             output_shape(sample));
}

void ConvTranspose1d::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  into.push_back({prefix + weight_.name(), &weight_});
  if (bias_) into.push_back({prefix + bias_->name(), &*bias_});
}

}  // namespace dpml
