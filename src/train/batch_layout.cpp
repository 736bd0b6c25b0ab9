#include "dpml/train/batch_layout.h"

#include <algorithm>
#include <cmath>

#include "dpml/base/error.h"
#include "dpml/dpsgd/sample_groups.h"

namespace dpml {

namespace {

// For the tensors of one thread. Second-level caches have 1 MiB or more; to leave one by a half costs less than to cut
// a group, of at most 96 samples in the mean, in two.
constexpr Index kCacheBytes = Index{3} << 19;
constexpr Index kAccumulatorBytes = Index{64} << 20;  // for all lanes together
constexpr Index kBytesPerLaneParameter = 12;          // a float group and a double total
constexpr int kLanes = 16;

}  // namespace

Index recorded_numbers_per_sample(const Layer& model, const Shape& sample_shape) {
  Tape tape;
  model.forward(tape, tape.sample(Tensor::zeros(sample_shape.with_front(1))));
  return tape.recorded_numbers() + sample_shape.size();
}

BatchLayout plan_batch_layout(const Layer& model, const Shape& sample_shape, Index parameters,
                              double expected_batch_size, Index stated_physical_batch) {
  return plan_batch_layout(recorded_numbers_per_sample(model, sample_shape), parameters, expected_batch_size,
                           stated_physical_batch);
}

BatchLayout plan_batch_layout(Index recorded_numbers_per_sample, Index parameters, double expected_batch_size,
                              Index stated_physical_batch) {
  if (stated_physical_batch < 0) {
    throw ConfigError("physical batch is " + std::to_string(stated_physical_batch) +
                      ", expected the number of samples that are worked on together, or 0 to have it planned");
  }
  BatchLayout layout{.physical_batch = stated_physical_batch};
  if (layout.physical_batch == 0) {
    // A value and its gradient, four bytes each.
    const Index bytes = 8 * std::max<Index>(1, recorded_numbers_per_sample);
    layout.physical_batch = std::clamp<Index>(kCacheBytes / bytes, 1, SampleGroups::kLargest);
  }
  layout.least_groups = SampleGroups::least_groups(expected_batch_size);
  const Index affordable =
      std::max<Index>(2, kAccumulatorBytes / (kBytesPerLaneParameter * std::max<Index>(1, parameters)));
  const Index most = std::min<Index>({kLanes, affordable, layout.least_groups});
  // No lane takes more groups than another, so far as their number allows.
  const Index rounds = (layout.least_groups + most - 1) / most;
  layout.lanes = static_cast<int>((layout.least_groups + rounds - 1) / rounds);
  return layout;
}

std::uint64_t planned_memory(const BatchLayout& layout, Index recorded_numbers_per_sample, Index parameters,
                             int optimizer_tensors, int threads) {
  const auto working_set =
      static_cast<double>(layout.physical_batch) *
      (8.0 * static_cast<double>(recorded_numbers_per_sample) + 4.0 * static_cast<double>(parameters));
  const double accumulators =
      static_cast<double>(layout.lanes * kBytesPerLaneParameter) * static_cast<double>(parameters);
  const double tensors = 4.0 * (2.0 + optimizer_tensors) * static_cast<double>(parameters);  // weights, noisy gradient
  return static_cast<std::uint64_t>(std::min(layout.lanes, threads) * working_set + accumulators + tensors);
}

}  // namespace dpml
