#include "dpml/layers/pooling.h"

#include <algorithm>
#include <vector>

#include "checks.h"
#include "dpml/base/error.h"
#include "pooled.h"
#include "windows.h"

namespace dpml {

namespace {

PoolOptions window_of(const AvgPool2d::Options& options) {
  return {.kernel = options.kernel,
          .stride = options.stride,
          .padding = options.padding,
          .kernel_width = options.kernel_width,
          .stride_width = options.stride_width,
          .padding_width = options.padding_width,
          .ceil_mode = options.ceil_mode};
}

Pool1dOptions window_of(const AvgPool1d::Options& options) {
  return {
      .kernel = options.kernel, .stride = options.stride, .padding = options.padding, .ceil_mode = options.ceil_mode};
}

/// On images of height 1.
PoolOptions on_images(const Pool1dOptions& options) {
  return {.kernel = 1,
          .stride = 1,
          .padding = 0,
          .kernel_width = options.kernel,
          .stride_width = options.stride > 0 ? options.stride : options.kernel,
          .padding_width = options.padding,
          .ceil_mode = options.ceil_mode};
}

std::optional<OptionProblem> padding_problem(const char* option, Index padding, Index kernel) {
  if (padding <= kernel / 2) return std::nullopt;
  return OptionProblem{
      option, "is " + std::to_string(padding) + "; state at most half the kernel, " + std::to_string(kernel / 2)};
}

std::optional<OptionProblem> problem_of_window(const Pool1dOptions& options) {
  if (auto problem = first_not_positive({{"kernel", options.kernel}})) return problem;
  if (auto problem = first_negative({{"stride", options.stride}, {"padding", options.padding}})) return problem;
  return padding_problem("padding", options.padding, options.kernel);
}

std::optional<OptionProblem> problem_of_window(const PoolOptions& options) {
  const Pool1dOptions height{.kernel = options.kernel, .stride = options.stride, .padding = options.padding};
  if (auto problem = problem_of_window(height)) return problem;
  const auto sizes = {Size{"kernel_width", options.kernel_width.value_or(1)},
                      Size{"stride_width", options.stride_width.value_or(1)}};
  if (auto problem = first_not_positive(sizes)) return problem;
  if (auto problem = first_negative({{"padding_width", options.padding_width.value_or(0)}})) return problem;
  return padding_problem(options.padding_width ? "padding_width" : "padding",
                         options.padding_width.value_or(options.padding),
                         options.kernel_width.value_or(options.kernel));
}

/// How far the last window of ceil_mode leaves what is padded.
Index beyond(Index in, Index padding, Index kernel, Index stride) {
  const Index last = in + 2 * padding - kernel;  // where the last window begins that does not
  const Index next = last < 0 ? (-last < stride ? 0 : last) : last + (stride - last % stride) % stride;
  return next < in + padding ? next - last : 0;
}

PatchGeometry geometry_of(const PoolOptions& options, const Shape& image, const std::string& place) {
  PatchGeometry g;
  g.in_height = image[0];
  g.in_width = image[1];
  g.in_channels = image[2];
  g.kernel_height = options.kernel;
  g.kernel_width = options.kernel_width.value_or(options.kernel);
  g.stride_height = options.stride > 0 ? options.stride : g.kernel_height;
  g.stride_width = options.stride_width.value_or(options.stride > 0 ? options.stride : g.kernel_width);
  g.padding_height = options.padding;
  g.padding_width = options.padding_width.value_or(options.padding);
  if (options.ceil_mode) {
    g.extra_height = beyond(g.in_height, g.padding_height, g.kernel_height, g.stride_height);
    g.extra_width = beyond(g.in_width, g.padding_width, g.kernel_width, g.stride_width);
  }
  g.validate(place);
  return g;
}

PatchGeometry image_geometry(const PoolOptions& options, const Shape& sample, const std::string& place) {
  if (sample.rank() != 3 || sample[0] == 0 || sample[1] == 0) {
    throw ShapeError(place + ": x is " + batched_text(sample) + ", expected [B, H, W, C] with H and W above 0");
  }
  return geometry_of(options, sample, place);
}

PatchGeometry sequence_geometry(const Pool1dOptions& options, const Shape& sample, const std::string& place) {
  if (sample.rank() != 2 || sample[0] == 0) {
    throw ShapeError(place + ": x is " + batched_text(sample) + ", expected [B, T, C] with T above 0");
  }
  return geometry_of(on_images(options), Shape{1, sample[0], sample[1]}, place);
}

Shape image_result(const PatchGeometry& g) {
  return Shape{g.out_height(), g.out_width(), g.in_channels};
}

Shape sequence_result(const PatchGeometry& g) {
  return Shape{g.out_width(), g.in_channels};
}

PatchGeometry with_few_places(const PatchGeometry& g, const std::string& place) {
  require_few_places(place, g.kernel_height, g.kernel_width);
  return g;
}

/// The windows of a geometry, as pooled.h wants them.
struct SlidingWindows {
  PatchGeometry geometry;

  Index inputs() const { return geometry.in_height * geometry.in_width * geometry.in_channels; }
  Index outputs() const { return geometry.positions() * geometry.in_channels; }
  template <class Run>
  void visit(Run&& run) const {
    visit_windows(geometry, run);
  }
};

Value max_of(Tape& tape, const std::string& place, const Value& x, const PatchGeometry& g, const Shape& result) {
  return max_pooled(tape, place, x, SlidingWindows{g}, result);
}

/// How many places of each window along one axis count.
std::vector<Index> counts(Index windows, Index stride, Index padding, Index kernel, Index in, bool count_include_pad) {
  std::vector<Index> counts;
  const Index margin = count_include_pad ? padding : 0;
  for (Index i = 0; i < windows; ++i) {
    const Index begin = i * stride - padding;
    counts.push_back(std::min(begin + kernel, in + margin) - std::max(begin, -margin));
  }
  return counts;
}

/// By what each number of a sample's result is divided.
Tensor divisors_of(const PatchGeometry& g, bool count_include_pad) {
  const auto rows =
      counts(g.out_height(), g.stride_height, g.padding_height, g.kernel_height, g.in_height, count_include_pad);
  const auto columns =
      counts(g.out_width(), g.stride_width, g.padding_width, g.kernel_width, g.in_width, count_include_pad);
  Tensor divisors(image_result(g));
  float* to = divisors.mutable_data();
  for (const Index row : rows) {
    for (const Index column : columns) to = std::fill_n(to, g.in_channels, static_cast<float>(row * column));
  }
  return divisors;
}

Value mean_of(Tape& tape, const std::string& place, const Value& x, const PatchGeometry& g, bool count_include_pad,
              const Shape& result) {
  return mean_pooled(tape, place, x, SlidingWindows{g}, divisors_of(g, count_include_pad), result);
}

}  // namespace

std::optional<OptionProblem> MaxPool2d::problem_of(const Options& options) {
  return problem_of_window(options);
}

Shape MaxPool2d::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  return image_result(with_few_places(image_geometry(options, sample, place), place));
}

MaxPool2d::MaxPool2d(const Options& options) : options_(options) {
  require_none("MaxPool2d", problem_of(options));
}

Value MaxPool2d::forward(Tape& tape, const Value& x) const {
  const PatchGeometry g = image_geometry(options_, x.shape().without_front(), place());
  return max_of(tape, place(), x, g, output_shape(x.shape().without_front()));
}

std::optional<OptionProblem> AvgPool2d::problem_of(const Options& options) {
  return problem_of_window(window_of(options));
}

Shape AvgPool2d::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  return image_result(image_geometry(window_of(options), sample, place));
}

AvgPool2d::AvgPool2d(const Options& options) : options_(options) {
  require_none("AvgPool2d", problem_of(options));
}

Value AvgPool2d::forward(Tape& tape, const Value& x) const {
  const PatchGeometry g = image_geometry(window_of(options_), x.shape().without_front(), place());
  return mean_of(tape, place(), x, g, options_.count_include_pad, image_result(g));
}

std::optional<OptionProblem> MaxPool1d::problem_of(const Options& options) {
  return problem_of_window(options);
}

Shape MaxPool1d::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  return sequence_result(with_few_places(sequence_geometry(options, sample, place), place));
}

MaxPool1d::MaxPool1d(const Options& options) : options_(options) {
  require_none("MaxPool1d", problem_of(options));
}

Value MaxPool1d::forward(Tape& tape, const Value& x) const {
  const PatchGeometry g = sequence_geometry(options_, x.shape().without_front(), place());
  return max_of(tape, place(), x, g, output_shape(x.shape().without_front()));
}

std::optional<OptionProblem> AvgPool1d::problem_of(const Options& options) {
  return problem_of_window(window_of(options));
}

Shape AvgPool1d::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  return sequence_result(sequence_geometry(window_of(options), sample, place));
}

AvgPool1d::AvgPool1d(const Options& options) : options_(options) {
  require_none("AvgPool1d", problem_of(options));
}

Value AvgPool1d::forward(Tape& tape, const Value& x) const {
  const PatchGeometry g = sequence_geometry(window_of(options_), x.shape().without_front(), place());
  return mean_of(tape, place(), x, g, options_.count_include_pad, sequence_result(g));
}

}  // namespace dpml
