#include <utility>

#include "checks.h"
#include "numbers.h"

namespace dpml::testing {

namespace {

constexpr Index kLargestChunk = 40;
constexpr float kWeight = 0.37F;  // no power of two, so that the product is rounded

/// All that a pass computes for one sample, under the names of its parts.
using Trace = std::vector<std::pair<std::string, std::vector<float>>>;

void add(Trace& trace, const std::string& name, std::span<const float> values) {
  trace.emplace_back(name, std::vector<float>(values.begin(), values.end()));
}

void add_gradient(std::vector<Trace>& traces, const std::string& name, const PerSampleGrad& gradient) {
  const Tensor dense = gradient.to_dense();
  std::vector<double> norms(traces.size());
  gradient.add_squared_norms(norms);
  for (std::size_t b = 0; b < traces.size(); ++b) {
    add(traces[b], "the gradient of " + name, row(dense, static_cast<Index>(b)));
    // A double as two floats: only its bits count.
    add(traces[b], "the norm of " + name, {reinterpret_cast<const float*>(&norms[b]), 2});
    std::vector<float> weights(traces.size());
    weights[b] = kWeight;
    std::vector<float> sum(static_cast<std::size_t>(gradient.parameter_shape().size()));
    gradient.add_weighted_sum(weights, sum.data());
    add(traces[b], "what the sample adds to the sum of " + name, sum);
  }
}

std::vector<Trace> traces_of(const Subject& subject, const Batch& batch) {
  const Pass pass(subject, batch);
  std::vector<Trace> traces(static_cast<std::size_t>(batch.size()));
  for (std::size_t b = 0; b < traces.size(); ++b) {
    add(traces[b], "the output", row(pass.y, static_cast<Index>(b)));
    add(traces[b], "the input gradient", row(pass.input_gradient(), static_cast<Index>(b)));
  }
  for (std::size_t i = 0; i < subject.parameters().size(); ++i) {
    const std::optional<PerSampleGrad>& gradient = pass.recording.gradient(i);
    if (!gradient) continue;
    const std::string& name = subject.parameters()[i].name;
    add_gradient(traces, name, *gradient);
    add_gradient(traces, name + " (smaller form)", PerSampleGrad(*gradient).in_smaller_form());
  }
  return traces;
}

}  // namespace

void check_bits(Subject& subject, Report& report) {
  const Batch all = subject.draw(kLargestChunk);
  std::vector<Trace> alone;
  for (Index b = 0; b < all.size(); ++b) alone.push_back(traces_of(subject, all.sample(b)).front());
  for (Index size = 2; size <= kLargestChunk; ++size) {
    const std::vector<Trace> together = traces_of(subject, all.first(size));
    for (std::size_t b = 0; b < together.size(); ++b) {
      if (together[b].size() != alone[b].size()) {
        report.add("other parameters have gradients in a batch of " + std::to_string(size));
        return;
      }
      for (std::size_t i = 0; i < together[b].size(); ++i) {
        if (same_bits(std::span<const float>(together[b][i].second), alone[b][i].second)) continue;
        report.add(together[b][i].first + " has other bits at place " + std::to_string(b) + " of " +
                   std::to_string(size) + " than alone");
      }
    }
  }
}

}  // namespace dpml::testing
