#include "dpml/layers/adaptive_pooling.h"

#include <algorithm>

#include "checks.h"
#include "dpml/base/error.h"
#include "pooled.h"

namespace dpml {

namespace {

/// `windows` of them over `length` places.
struct Axis {
  Index length;
  Index windows;

  Index begin(Index window) const { return window * length / windows; }
  Index end(Index window) const { return ((window + 1) * length + windows - 1) / windows; }
  Index longest() const { return std::min(length, length / windows + 2); }
};

/// As pooled.h wants them.
struct AdaptiveWindows {
  Axis rows;
  Axis columns;
  Index channels;

  Index inputs() const { return rows.length * columns.length * channels; }
  Index outputs() const { return rows.windows * columns.windows * channels; }

  template <class Run>
  void visit(Run&& run) const {
    Index output = 0;
    for (Index oy = 0; oy < rows.windows; ++oy) {
      for (Index ox = 0; ox < columns.windows; ++ox, output += channels) {
        Index place = 0;
        for (Index y = rows.begin(oy); y < rows.end(oy); ++y) {
          for (Index x = columns.begin(ox); x < columns.end(ox); ++x, ++place) {
            run(output, (y * columns.length + x) * channels, channels, place);
          }
        }
      }
    }
  }
};

Tensor divisors_of(const AdaptiveWindows& windows) {
  Tensor divisors(Shape{windows.outputs()});
  float* to = divisors.mutable_data();
  for (Index oy = 0; oy < windows.rows.windows; ++oy) {
    const Index height = windows.rows.end(oy) - windows.rows.begin(oy);
    for (Index ox = 0; ox < windows.columns.windows; ++ox) {
      const Index width = windows.columns.end(ox) - windows.columns.begin(ox);
      to = std::fill_n(to, windows.channels, static_cast<float>(height * width));
    }
  }
  return divisors;
}

std::optional<OptionProblem> problem_of_sizes(const AdaptivePool2dOptions& options) {
  return first_not_positive({{"output_height", options.output_height}, {"output_width", options.output_width}});
}

std::optional<OptionProblem> problem_of_sizes(const AdaptivePool1dOptions& options) {
  return first_not_positive({{"output_size", options.output_size}});
}

Shape result_shape(const AdaptivePool2dOptions& options, const Shape& sample, const std::string& place) {
  if (sample.rank() != 3 || sample[0] == 0 || sample[1] == 0) {
    throw ShapeError(place + ": x is " + batched_text(sample) + ", expected [B, H, W, C] with H and W above 0");
  }
  return Shape{options.output_height, options.output_width, sample[2]};
}

Shape result_shape(const AdaptivePool1dOptions& options, const Shape& sample, const std::string& place) {
  if (sample.rank() != 2 || sample[0] == 0) {
    throw ShapeError(place + ": x is " + batched_text(sample) + ", expected [B, T, C] with T above 0");
  }
  return Shape{options.output_size, sample[1]};
}

/// Of samples and results that are images, or sequences.
AdaptiveWindows windows_of(const Shape& sample, const Shape& result) {
  if (sample.rank() == 3) return {{sample[0], result[0]}, {sample[1], result[1]}, sample[2]};
  return {{1, 1}, {sample[0], result[0]}, sample[1]};
}

Value mean_of(Tape& tape, const std::string& place, const Value& x, const Shape& result) {
  const AdaptiveWindows windows = windows_of(x.shape().without_front(), result);
  return mean_pooled(tape, place, x, windows, divisors_of(windows), result);
}

Value max_of(Tape& tape, const std::string& place, const Value& x, const Shape& result) {
  return max_pooled(tape, place, x, windows_of(x.shape().without_front(), result), result);
}

Shape with_few_places(const Shape& sample, const Shape& result, const std::string& place) {
  const AdaptiveWindows windows = windows_of(sample, result);
  require_few_places(place, windows.rows.longest(), windows.columns.longest());
  return result;
}

}  // namespace

std::optional<OptionProblem> AdaptiveAvgPool2d::problem_of(const Options& options) {
  return problem_of_sizes(options);
}

Shape AdaptiveAvgPool2d::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  return result_shape(options, sample, place);
}

AdaptiveAvgPool2d::AdaptiveAvgPool2d(const Options& options) : options_(options) {
  require_none("AdaptiveAvgPool2d", problem_of(options));
}

Value AdaptiveAvgPool2d::forward(Tape& tape, const Value& x) const {
  return mean_of(tape, place(), x, output_shape(x.shape().without_front()));
}

std::optional<OptionProblem> AdaptiveMaxPool2d::problem_of(const Options& options) {
  return problem_of_sizes(options);
}

Shape AdaptiveMaxPool2d::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  return with_few_places(sample, result_shape(options, sample, place), place);
}

AdaptiveMaxPool2d::AdaptiveMaxPool2d(const Options& options) : options_(options) {
  require_none("AdaptiveMaxPool2d", problem_of(options));
}

Value AdaptiveMaxPool2d::forward(Tape& tape, const Value& x) const {
  return max_of(tape, place(), x, output_shape(x.shape().without_front()));
}

std::optional<OptionProblem> AdaptiveAvgPool1d::problem_of(const Options& options) {
  return problem_of_sizes(options);
}

Shape AdaptiveAvgPool1d::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  return result_shape(options, sample, place);
}

AdaptiveAvgPool1d::AdaptiveAvgPool1d(const Options& options) : options_(options) {
  require_none("AdaptiveAvgPool1d", problem_of(options));
}

Value AdaptiveAvgPool1d::forward(Tape& tape, const Value& x) const {
  return mean_of(tape, place(), x, output_shape(x.shape().without_front()));
}

std::optional<OptionProblem> AdaptiveMaxPool1d::problem_of(const Options& options) {
  return problem_of_sizes(options);
}

Shape AdaptiveMaxPool1d::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  return with_few_places(sample, result_shape(options, sample, place), place);
}

AdaptiveMaxPool1d::AdaptiveMaxPool1d(const Options& options) : options_(options) {
  require_none("AdaptiveMaxPool1d", problem_of(options));
}

Value AdaptiveMaxPool1d::forward(Tape& tape, const Value& x) const {
  return max_of(tape, place(), x, output_shape(x.shape().without_front()));
}

}  // namespace dpml
