#pragma once

#include <numeric>
#include <span>
#include <vector>

#include "dpml/base/parallel.h"
#include "dpml/data/dataset.h"
#include "dpml/data/physical_batch.h"
#include "dpml/train/trainer.h"

namespace dpml {

/// Reads all rows of `data` in pieces of at most `size`, in parallel, and calls work(number of the piece, its first
/// row, samples) for each. When some throw, the error of the first piece goes on.
template <class Work>
void for_each_chunk(const Dataset& data, Index size, int threads, Work&& work) {
  std::vector<Index> all(static_cast<std::size_t>(data.size()));
  std::iota(all.begin(), all.end(), Index{0});
  parallel_for(resolved_threads(threads), physical_batch_count(data.size(), size), [&](Index chunk) {
    const std::span<const Index> rows = physical_batch(all, size, chunk);
    Batch samples;
    data.read(rows, samples);
    work(chunk, rows.front(), samples);
  });
}

}  // namespace dpml
