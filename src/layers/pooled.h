#pragma once

// Maxima and means of windows, whichever they are. `Windows` has inputs() and outputs(), the numbers of an image and of
// its result, and visit(run), which walks the windows of one image in runs: it calls run(output, input, count, place)
// for every run of `count` neighbouring numbers of the result that see the numbers from `input` on at place `place` of
// their windows. `output` and `input` are offsets into the result and the image. For each number of the result the
// places come in rising order; those beyond the image do not come.

#include <algorithm>
#include <limits>
#include <string>

#include "dpml/autograd/tape.h"
#include "dpml/base/error.h"
#include "dpml/base/vectorised.h"

namespace dpml {

namespace pooled {

/// windows.visit, with the loops of `run` compiled for this processor.
template <class Windows, class Run>
void visit_in_vectors(const Windows& windows, Run&& run) {
  vectorised([&] { windows.visit(run); });
}

// Not `a || b`: without branches the loops become vector instructions.
inline bool is_larger_or_nan(float value, float best) {
  return (value > best) | (value != value);
}

/// best = the maximum over each window.
template <class Windows>
void max_of_windows(const Windows& windows, const float* image, float* result) {
  std::fill_n(result, windows.outputs(), -std::numeric_limits<float>::infinity());
  visit_in_vectors(windows, [&](Index output, Index input, Index count, Index) {
    const float* __restrict value = image + input;
    float* __restrict best = result + output;
    for (Index i = 0; i < count; ++i) best[i] = is_larger_or_nan(value[i], best[i]) ? value[i] : best[i];
  });
}

/// The same, and `winners`: the place of each maximum in its window. Places are held as floats, which are exact, so
/// that all three arrays have lanes of one width.
template <class Windows>
void max_of_windows(const Windows& windows, const float* image, float* result, float* winners) {
  std::fill_n(result, windows.outputs(), -std::numeric_limits<float>::infinity());
  std::fill_n(winners, windows.outputs(), -1.0F);
  visit_in_vectors(windows, [&](Index output, Index input, Index count, Index place) {
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

template <class Windows>
void add_to_winners(const Windows& windows, const float* winners, const float* dy, float* dx) {
  visit_in_vectors(windows, [&](Index output, Index input, Index count, Index place) {
    const float* __restrict winner = winners + output;
    const float* __restrict from = dy + output;
    float* __restrict to = dx + input;
    const auto here = static_cast<float>(place);
    for (Index i = 0; i < count; ++i) to[i] += winner[i] == here ? from[i] : 0.0F;
  });
}

inline void divide(const float* a, const float* b, Index count, float* quotient) {
  vectorised([=] {
#pragma omp simd
    for (Index i = 0; i < count; ++i) quotient[i] = a[i] / b[i];
  });
}

}  // namespace pooled

/// Throws ShapeError, starting with `place`, when max_pooled cannot tell the places of a window apart.
inline void require_few_places(const std::string& place, Index height, Index width) {
  if (height <= Tensor::kMaxExactInteger / width) return;
  throw ShapeError(place + ": a window " + Shape{height, width}.to_text() +
                   " has more than 2^24 places; state smaller ones, one after the other");
}

/// The maximum of each window, of few places. `result` is the shape of one sample's.
template <class Windows>
Value max_pooled(Tape& tape, const std::string& place, const Value& x, const Windows& windows, const Shape& result) {
  const Index batch = x.shape()[0];
  Tensor y(result.with_front(batch));
  Tensor winners(x.wants_gradient() ? y.shape() : Shape{0});
  for (Index b = 0; b < batch; ++b) {
    const float* image = x.tensor().data() + b * windows.inputs();
    float* to = y.mutable_data() + b * windows.outputs();
    if (x.wants_gradient()) {
      pooled::max_of_windows(windows, image, to, winners.mutable_data() + b * windows.outputs());
    } else {
      pooled::max_of_windows(windows, image, to);
    }
  }
  return tape.record_trusted(place, {x}, {}, std::move(y), [x, windows, winners](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] {
      Tensor dx = Tensor::zeros(x.shape());
      for (Index b = 0; b < dx.axis(0); ++b) {
        pooled::add_to_winners(windows, winners.data() + b * windows.outputs(), dy.data() + b * windows.outputs(),
                               dx.mutable_data() + b * windows.inputs());
      }
      return dx;
    });
  });
}

/// The sum of each window over its number in `divisors`.
template <class Windows>
Value mean_pooled(Tape& tape, const std::string& place, const Value& x, const Windows& windows, const Tensor& divisors,
                  const Shape& result) {
  const Index batch = x.shape()[0];
  const Index size = windows.outputs();
  Tensor sums(Shape{size});
  Tensor y(result.with_front(batch));
  for (Index b = 0; b < batch; ++b) {
    const float* image = x.tensor().data() + b * windows.inputs();
    std::fill_n(sums.mutable_data(), size, 0.0F);
    pooled::visit_in_vectors(windows, [&](Index output, Index input, Index count, Index) {
      const float* __restrict value = image + input;
      float* __restrict sum = sums.mutable_data() + output;
      for (Index i = 0; i < count; ++i) sum[i] += value[i];
    });
    pooled::divide(sums.data(), divisors.data(), size, y.mutable_data() + b * size);
  }
  return tape.record_trusted(place, {x}, {}, std::move(y), [x, windows, divisors](const Tensor& dy, Cotangents& send) {
    send.to(x, [&] {
      Tensor dx = Tensor::zeros(x.shape());
      Tensor shares(Shape{divisors.size()});
      for (Index b = 0; b < dx.axis(0); ++b) {
        pooled::divide(dy.data() + b * shares.size(), divisors.data(), shares.size(), shares.mutable_data());
        float* image = dx.mutable_data() + b * windows.inputs();
        pooled::visit_in_vectors(windows, [&](Index output, Index input, Index count, Index) {
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
