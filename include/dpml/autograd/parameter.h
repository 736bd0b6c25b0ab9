#pragma once

#include <string>

#include "dpml/tensor/tensor.h"

namespace dpml {

/// How the axes of a weight lie in memory, compared with PyTorch's order, which files use.
enum class WeightOrder {
  as_in_files,           ///< the same
  channels_last_kernel,  ///< in memory [out, kh, kw, in/groups], in files [out, in/groups, kh, kw]
  channels_last_line     ///< in memory [out, 1, k, in/groups], in files [out, in/groups, k]
};

/// A trainable tensor with a name. Its address is its identity, so it is neither copied nor moved.
class Parameter {
 public:
  Parameter(std::string name, Tensor value, WeightOrder order = WeightOrder::as_in_files);
  Parameter(const Parameter&) = delete;
  Parameter& operator=(const Parameter&) = delete;

  const std::string& name() const { return name_; }  ///< within its layer: "weight", "bias"
  const Shape& shape() const { return value_.shape(); }
  Index size() const { return value_.size(); }
  const Tensor& tensor() const { return value_; }

  /// Replaces the numbers (memory order). Throws ShapeError when the shape differs.
  void set(const Tensor& value);
  /// For optimizers: write access between steps, when no tape is alive; restore_zeros follows.
  float* mutable_data() { return value_.mutable_data(); }

  /// Numbers [begin, end), in memory order, become 0 and stay so: `set` and optimizers keep them. For what noise would
  /// move although no gradient reaches it.
  void keep_zero(Index begin, Index end);
  /// Writes the zeros of keep_zero again.
  void restore_zeros();

  /// A frozen parameter gets no gradient and does not change in training.
  bool trainable() const { return trainable_; }
  void set_trainable(bool trainable) { trainable_ = trainable; }

  Tensor in_file_order() const;                   ///< a copy with PyTorch's axis order
  void set_from_file_order(const Tensor& value);  ///< throws ShapeError naming both shapes when they differ

 private:
  std::string name_;
  Tensor value_;
  WeightOrder order_;
  bool trainable_ = true;
  Index zeros_begin_ = 0;  // keep_zero
  Index zeros_end_ = 0;
};

}  // namespace dpml
