#pragma once

#include <cstdint>

#include "dpml/layers/layer.h"

namespace dpml {

/// How a logical batch is worked on. A pure function of shapes and public numbers. Only least_groups changes results,
/// in their last bits; the others are free (ClippedSum), but for training without a clip bound, where lanes count, too.
struct BatchLayout {
  Index least_groups = 1;    ///< of SampleGroups
  Index physical_batch = 0;  ///< samples that go forward and backward together, in one thread, at most
  int lanes = 0;             ///< accumulators; a lane takes whole groups
};

/// `stated_physical_batch` 0: as many samples as keep a thread's working set within a second-level cache.
BatchLayout plan_batch_layout(Index recorded_numbers_per_sample, Index parameters, double expected_batch_size,
                              Index stated_physical_batch);
/// The same of a model that is built.
BatchLayout plan_batch_layout(const Layer& model, const Shape& sample_shape, Index parameters,
                              double expected_batch_size, Index stated_physical_batch);

/// Numbers that one sample leaves on a tape.
Index recorded_numbers_per_sample(const Layer& model, const Shape& sample_shape);

/// Bytes that a run needs beside its data: weights, optimizer, accumulators and the working sets of all threads. An
/// estimate from above of the tensors; libraries and program come on top.
std::uint64_t planned_memory(const BatchLayout& layout, Index recorded_numbers_per_sample, Index parameters,
                             int optimizer_tensors, int threads);

}  // namespace dpml
