#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dpml/tensor/tensor.h"

namespace dpml {

/// Some samples of a dataset, in the order they were asked for.
struct Batch {
  Tensor inputs;                          ///< [B, sample...]
  Tensor labels;                          ///< [B] or [B, T...] class indices, [B, k] targets, [B, 0] without labels
  std::vector<std::uint64_t> sample_ids;  ///< [B]; a sample keeps its id in whichever batch it comes
};

/// The two tensors of a sample.
enum class SamplePart { input, label };

/// Samples by index. Reading changes nothing, so any number of threads may read at once.
class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual Index size() const = 0;         ///< number of samples, >= 0
  virtual Shape input_shape() const = 0;  ///< of one sample, without the batch axis
  virtual Shape label_shape() const = 0;  ///< of one sample's label; [] for a class index

  /// Fills `into` with the samples at `indices`: any order, repeats allowed, none at all gives [0, sample...].
  /// The tensors are new ones; handles to what `into` held before keep their numbers.
  /// Throws ShapeError for an index outside [0, size()), and leaves `into` as it was.
  virtual void read(std::span<const Index> indices, Batch& into) const = 0;

  /// Where a part comes from, and where number `element` of a sample's part stands (counted as read gives them, row by
  /// row), as messages tell it; never what stands there. Here: "the labels" and "the labels: row 7, column 2 (counted
  /// from 0)".
  virtual std::string source_of(SamplePart part) const;
  virtual std::string place_of(SamplePart part, Index sample, Index element) const;
};

}  // namespace dpml
