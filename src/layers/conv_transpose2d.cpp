#include "dpml/layers/conv_transpose2d.h"

#include "checks.h"
#include "convolution.h"
#include "dpml/base/error.h"

namespace dpml {

namespace {

Shape weight_shape(const ConvTranspose2d::Options& options) {
  require_none("ConvTranspose2d", ConvTranspose2d::problem_of(options));
  return {options.in_channels, options.kernel_height, options.kernel_width, options.out_channels / options.groups};
}

PatchGeometry geometry_of(const ConvTranspose2d::Options& options, const Shape& sample, const std::string& place) {
  if (sample.rank() != 3 || sample[2] != options.in_channels || sample[0] == 0 || sample[1] == 0) {
    throw ShapeError(place + ": x is " + batched_text(sample) + ", expected [B, H, W, " +
                     std::to_string(options.in_channels) + "] with H and W above 0, channels last");
  }
  return transposed_geometry(options, sample, place);
}

}  // namespace

std::optional<OptionProblem> ConvTranspose2d::problem_of(const Options& options) {
  if (auto problem = image_sizes_problem(options)) return problem;
  if (auto problem = output_padding_problem({"output_padding_height", options.output_padding_height},
                                            options.stride_height, options.dilation_height)) {
    return problem;
  }
  return output_padding_problem({"output_padding_width", options.output_padding_width}, options.stride_width,
                                options.dilation_width);
}

ConvTranspose2d::ConvTranspose2d(const Options& options, Rng& init)
    : options_(options),
      weight_("weight", initial_kernel(weight_shape(options), init), WeightOrder::channels_last_kernel) {
  if (options.bias) bias_.emplace("bias", initial_bias(weight_.shape(), options.out_channels, init));
}

Shape ConvTranspose2d::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  const PatchGeometry geometry = geometry_of(options, sample, place);
  return Shape{geometry.in_height, geometry.in_width, options.out_channels};
}

Value ConvTranspose2d::forward(Tape& tape, const Value& x) const {
  const Shape sample = x.shape().without_front();
  return convolve_transposed(tape, place(), x, geometry_of(options_, sample, place()), weight_, bias_,
                             output_shape(sample));
}

void ConvTranspose2d::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  into.push_back({prefix + weight_.name(), &weight_});
  if (bias_) into.push_back({prefix + bias_->name(), &*bias_});
}

}  // namespace dpml
