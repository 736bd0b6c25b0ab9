#pragma once

#include <algorithm>
#include <exception>
#include <numeric>
#include <vector>

#include "dpml/data/dataset.h"
#include "dpml/data/physical_batch.h"
#include "dpml/train/trainer.h"

namespace dpml {

/// Reads all rows of `data` in pieces of `size`, in parallel, and calls work(number of the piece, samples) for each.
/// When some throw, the error of the first piece goes on.
template <class Work>
void for_each_chunk(const Dataset& data, Index size, int threads, Work&& work) {
  std::vector<Index> all(static_cast<std::size_t>(data.size()));
  std::iota(all.begin(), all.end(), Index{0});
  const Index chunks = physical_batch_count(data.size(), size);
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(chunks));
#pragma omp parallel for num_threads(resolved_threads(threads)) schedule(dynamic, 1)
  for (Index chunk = 0; chunk < chunks; ++chunk) {
    try {
      Batch samples;
      data.read(physical_batch(all, size, chunk), samples);
      work(chunk, samples);
    } catch (...) {
      errors[static_cast<std::size_t>(chunk)] = std::current_exception();
    }
  }
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace dpml
