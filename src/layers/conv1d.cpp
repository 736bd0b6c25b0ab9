#include "dpml/layers/conv1d.h"

#include "checks.h"
#include "convolution.h"
#include "dpml/base/error.h"

namespace dpml {

namespace {

Shape weight_shape(const Conv1d::Options& options) {
  require_none("Conv1d", Conv1d::problem_of(options));
  return {options.out_channels, 1, options.kernel, options.in_channels / options.groups};
}

/// The same on an image of height 1.
Conv2d::Options on_images(const Conv1d::Options& options) {
  return {.in_channels = options.in_channels,
          .out_channels = options.out_channels,
          .kernel_width = options.kernel,
          .stride_width = options.stride,
          .padding_width = options.padding,
          .dilation_width = options.dilation,
          .groups = options.groups,
          .bias = options.bias,
          .padding_same = options.padding_same,
          .padding_mode = options.padding_mode};
}

ConvolutionPlan plan_for(const Conv1d::Options& options, const Shape& sample, const std::string& place) {
  if (sample.rank() != 2 || sample[1] != options.in_channels) {
    throw ShapeError(place + ": x is " + batched_text(sample) + ", expected [B, T, " +
                     std::to_string(options.in_channels) + "], channels last");
  }
  return plan_of(on_images(options), Shape{1, sample[0], sample[1]}, place);
}

}  // namespace

std::optional<OptionProblem> Conv1d::problem_of(const Options& options) {
  if (auto problem = line_sizes_problem(options)) return problem;
  return padding_same_problem(options.padding_same, options.padding == 0, options.stride == 1);
}

Conv1d::Conv1d(const Options& options, Rng& init)
    : options_(options),
      weight_("weight", initial_kernel(weight_shape(options), init), WeightOrder::channels_last_line) {
  if (options.bias) bias_.emplace("bias", initial_bias(weight_.shape(), options.out_channels, init));
}

Shape Conv1d::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  return Shape{plan_for(options, sample, place).geometry.out_width(), options.out_channels};
}

Value Conv1d::forward(Tape& tape, const Value& x) const {
  const Shape sample = x.shape().without_front();
  return convolve(tape, place(), x, plan_for(options_, sample, place()), weight_, bias_, output_shape(sample));
}

void Conv1d::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  into.push_back({prefix + weight_.name(), &weight_});
  if (bias_) into.push_back({prefix + bias_->name(), &*bias_});
}

}  // namespace dpml
