#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "dpml/data/data_origin.h"
#include "dpml/data/dataset.h"
#include "dpml/data/numeric_array.h"

namespace dpml {

/// Every input number x is read as x * scale + offset. Public constants: a mean or a maximum taken from private data
/// has no place here.
struct InputScaling {
  float scale = 1.0F;
  float offset = 0.0F;
};

/// Samples held in memory: inputs as bytes or float32, labels as float32. A sample's id is its index.
class TensorDataset final : public Dataset {
 public:
  /// inputs [N, sample...], labels [N, label...]. Throws ShapeError when either has no axis or the counts differ.
  TensorDataset(NumericArray inputs, Tensor labels, const InputScaling& scaling = {});
  /// The same of what was read from files.
  TensorDataset(NumericArray inputs, Tensor labels, const InputScaling& scaling, DataOrigin origin);

  Index size() const override { return inputs_.shape()[0]; }
  Shape input_shape() const override { return inputs_.shape().without_front(); }
  Shape label_shape() const override { return labels_.shape().without_front(); }
  void read(std::span<const Index> indices, Batch& into) const override;
  std::string source_of(SamplePart part) const override;
  std::string place_of(SamplePart part, Index sample, Index element) const override;

  const DataOrigin& origin() const { return *origin_; }

 private:
  NumericArray inputs_;
  Tensor labels_;
  InputScaling scaling_;
  std::shared_ptr<const DataOrigin> origin_;
};

/// How two arrays become a dataset.
struct DatasetOptions {
  Index classes = 0;  ///< > 0: labels are class indices in [0, classes); 0: labels are targets; at most 2^24
  std::optional<Index> ignored_label = {};  ///< that may stand among class indices, too; its size at most 2^24
  InputLayout layout = InputLayout::as_stored;
  InputScaling scaling = {};
};

/// Joins inputs [N, sample...] with labels: class indices [N] or [N, T...], or targets [N, k] ([N] counts as [N, 1]).
/// The names are the files they came from, for messages. Throws FileError when the counts differ, rows hold no number,
/// a label is neither a whole number in [0, classes) nor the ignored one (naming its row), or the axes do not fit the
/// layout; ConfigError when the options are impossible.
TensorDataset join_dataset(const NumericArray& inputs, std::string_view inputs_name, const NumericArray& labels,
                           std::string_view labels_name, const DatasetOptions& options);

}  // namespace dpml
