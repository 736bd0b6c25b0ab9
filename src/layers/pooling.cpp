#include "dpml/layers/pooling.h"

#include <limits>

#include "checks.h"
#include "dpml/base/error.h"
#include "dpml/base/vectorised.h"
#include "windows.h"

namespace dpml {

namespace {

std::optional<OptionProblem> problem_of_window(const PoolOptions& options) {
  if (auto problem = first_not_positive({{"kernel", options.kernel}})) return problem;
  if (auto problem = first_negative({{"stride", options.stride}, {"padding", options.padding}})) return problem;
  if (options.padding <= options.kernel / 2) return std::nullopt;
  return OptionProblem{"padding", "is " + std::to_string(options.padding) + "; state at most half the kernel, " +
                                      std::to_string(options.kernel / 2)};
}

PoolOptions window_of(const AvgPool2d::Options& options) {
  return {.kernel = options.kernel, .stride = options.stride, .padding = options.padding};
}

PatchGeometry geometry_of(const PoolOptions& options, const Shape& sample, const std::string& place) {
  if (sample.rank() != 3 || sample[0] == 0 || sample[1] == 0) {
    throw ShapeError(place + ": x is " + batched_text(sample) + ", expected [B, H, W, C] with H and W above 0");
  }
  PatchGeometry geometry;
  geometry.in_height = sample[0];
  geometry.in_width = sample[1];
  geometry.in_channels = sample[2];
  geometry.kernel_height = geometry.kernel_width = options.kernel;
  geometry.stride_height = geometry.stride_width = options.stride > 0 ? options.stride : options.kernel;
  geometry.padding_height = geometry.padding_width = options.padding;
  geometry.validate(place);
  return geometry;
}

Shape result_shape(const PatchGeometry& g) {
  return Shape{g.out_height(), g.out_width(), g.in_channels};
}

Index image_size(const PatchGeometry& g) {
  return g.in_height * g.in_width * g.in_channels;
}

/// visit_windows, with the loops of `run` compiled for this processor.
template <class Run>
void visit_in_vectors(const PatchGeometry& g, Run&& run) {
  vectorised([&] { visit_windows(g, run); });
}

// Not `a || b`: without branches the loops become vector instructions.
bool is_larger_or_nan(float value, float best) {
  return (value > best) | (value != value);
}

/// best = the maximum over each window.
void max_of_windows(const PatchGeometry& g, const float* image, float* result) {
  std::fill_n(result, result_shape(g).size(), -std::numeric_limits<float>::infinity());
  visit_in_vectors(g, [&](Index output, Index input, Index count, Index) {
    const float* __restrict value = image + input;
    float* __restrict best = result + output;
    for (Index i = 0; i < count; ++i) best[i] = is_larger_or_nan(value[i], best[i]) ? value[i] : best[i];
  });
}

/// The same, and `winners`: the place of each maximum in its window. Places are held as floats, which are exact, so
/// that all three arrays have lanes of one width.
void max_of_windows(const PatchGeometry& g, const float* image, float* result, float* winners) {
  const Index size = result_shape(g).size();
  std::fill_n(result, size, -std::numeric_limits<float>::infinity());
  std::fill_n(winners, size, -1.0F);
  visit_in_vectors(g, [&](Index output, Index input, Index count, Index place) {
    const float* __restrict value = image + input;
    float* __restrict best = result + output;
    float* __restrict winner = winners + output;
    const auto here = static_cast<float>(place);
    for (Index i = 0; i < count; ++i) {
      const bool wins = is_larger_or_nan(value[i], best[i]) | (winner[i] < 0);
      best[i] = wins ? value[i] : best[i];
      winner[i] = wins ? here : winner[i];
    }
  });
}

void add_to_winners(const PatchGeometry& g, const float* winners, const float* dy, float* dx) {
  visit_in_vectors(g, [&](Index output, Index input, Index count, Index place) {
    const float* __restrict winner = winners + output;
    const float* __restrict from = dy + output;
    float* __restrict to = dx + input;
    const auto here = static_cast<float>(place);
    for (Index i = 0; i < count; ++i) to[i] += winner[i] == here ? from[i] : 0.0F;
  });
}

/// By what each number of a sample's result is divided.
Tensor divisors_of(const PatchGeometry& g, bool count_include_pad) {
  const Shape shape = result_shape(g);
  if (count_include_pad) return Tensor::filled(shape, static_cast<float>(g.kernel_height * g.kernel_width));
  Tensor divisors = Tensor::zeros(shape);
  visit_windows(g, [&](Index output, Index, Index count, Index) {
    for (Index i = 0; i < count; ++i) divisors.mutable_data()[output + i] += 1;
  });
  return divisors;
}

void divide(const float* a, const float* b, Index count, float* quotient) {
  vectorised([=] {
#pragma omp simd
    for (Index i = 0; i < count; ++i) quotient[i] = a[i] / b[i];
  });
}

}  // namespace

std::optional<OptionProblem> MaxPool2d::problem_of(const Options& options) {
  return problem_of_window(options);
}

Shape MaxPool2d::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  return result_shape(geometry_of(options, sample, place));
}

MaxPool2d::MaxPool2d(const Options& options) : options_(options) {
  require_none("MaxPool2d", problem_of(options));
}

Value MaxPool2d::forward(Tape& tape, const Value& x) const {
  const PatchGeometry g = geometry_of(options_, x.shape().without_front(), place());
  const Index batch = x.shape()[0];
  const Index from_size = image_size(g);
  const Index to_size = result_shape(g).size();
  Tensor y(result_shape(g).with_front(batch));
  Tensor winners(x.wants_gradient() ? y.shape() : Shape{0});
  for (Index b = 0; b < batch; ++b) {
    const float* image = x.tensor().data() + b * from_size;
    float* result = y.mutable_data() + b * to_size;
    if (x.wants_gradient()) {
      max_of_windows(g, image, result, winners.mutable_data() + b * to_size);
    } else {
      max_of_windows(g, image, result);
    }
  }
  return tape.record(place(), {x}, {}, std::move(y), [x, g, winners](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] {
      Tensor dx = Tensor::zeros(x.shape());
      const Index size = result_shape(g).size();
      for (Index b = 0; b < dx.axis(0); ++b) {
        add_to_winners(g, winners.data() + b * size, dy.data() + b * size, dx.mutable_data() + b * image_size(g));
      }
      return dx;
    });
  });
}

std::optional<OptionProblem> AvgPool2d::problem_of(const Options& options) {
  return problem_of_window(window_of(options));
}

Shape AvgPool2d::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  return result_shape(geometry_of(window_of(options), sample, place));
}

AvgPool2d::AvgPool2d(const Options& options) : options_(options) {
  require_none("AvgPool2d", problem_of(options));
}

Value AvgPool2d::forward(Tape& tape, const Value& x) const {
  const PatchGeometry g = geometry_of(window_of(options_), x.shape().without_front(), place());
  const Index batch = x.shape()[0];
  const Index size = result_shape(g).size();
  const Tensor divisors = divisors_of(g, options_.count_include_pad);
  Tensor sums(Shape{size});
  Tensor y(result_shape(g).with_front(batch));
  for (Index b = 0; b < batch; ++b) {
    const float* image = x.tensor().data() + b * image_size(g);
    std::fill_n(sums.mutable_data(), size, 0.0F);
    visit_in_vectors(g, [&](Index output, Index input, Index count, Index) {
      const float* __restrict value = image + input;
      float* __restrict sum = sums.mutable_data() + output;
      for (Index i = 0; i < count; ++i) sum[i] += value[i];
    });
    divide(sums.data(), divisors.data(), size, y.mutable_data() + b * size);
  }
  return tape.record(place(), {x}, {}, std::move(y), [x, g, divisors](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] {
      Tensor dx = Tensor::zeros(x.shape());
      Tensor shares(Shape{divisors.size()});
      for (Index b = 0; b < dx.axis(0); ++b) {
        divide(dy.data() + b * shares.size(), divisors.data(), shares.size(), shares.mutable_data());
        float* image = dx.mutable_data() + b * image_size(g);
        visit_in_vectors(g, [&](Index output, Index input, Index count, Index) {
          const float* __restrict share = shares.data() + output;
          float* __restrict to = image + input;
          for (Index i = 0; i < count; ++i) to[i] += share[i];
        });
      }
      return dx;
    });
  });
}

}  // namespace dpml
