#include "dpml/layers/conv2d.h"

#include "checks.h"
#include "convolution.h"
#include "dpml/base/error.h"

namespace dpml {

namespace {

Shape weight_shape(const Conv2d::Options& options) {
  require_none("Conv2d", Conv2d::problem_of(options));
  return {options.out_channels, options.kernel_height, options.kernel_width, options.in_channels / options.groups};
}

ConvolutionPlan plan_for(const Conv2d::Options& options, const Shape& sample, const std::string& place) {
  if (sample.rank() != 3 || sample[2] != options.in_channels) {
    throw ShapeError(place + ": x is " + batched_text(sample) + ", expected [B, H, W, " +
                     std::to_string(options.in_channels) + "], channels last");
  }
  return plan_of(options, sample, place);
}

}  // namespace

std::optional<OptionProblem> Conv2d::problem_of(const Options& options) {
  if (auto problem = image_sizes_problem(options)) return problem;
  return padding_same_problem(options.padding_same, options.padding_height == 0 && options.padding_width == 0,
                              options.stride_height == 1 && options.stride_width == 1);
}

Conv2d::Conv2d(const Options& options, Rng& init)
    : options_(options),
      weight_("weight", initial_kernel(weight_shape(options), init), WeightOrder::channels_last_kernel) {
  if (options.bias) bias_.emplace("bias", initial_bias(weight_.shape(), options.out_channels, init));
}

Shape Conv2d::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  const PatchGeometry geometry = plan_for(options, sample, place).geometry;
  return Shape{geometry.out_height(), geometry.out_width(), options.out_channels};
}

Value Conv2d::forward(Tape& tape, const Value& x) const {
  const Shape sample = x.shape().without_front();
  return convolve(tape, place(), x, plan_for(options_, sample, place()), weight_, bias_, output_shape(sample));
}

void Conv2d::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  into.push_back({prefix + weight_.name(), &weight_});
  if (bias_) into.push_back({prefix + bias_->name(), &*bias_});
}

}  // namespace dpml
