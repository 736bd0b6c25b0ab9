#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "dpml/tensor/tensor.h"

namespace dpml {

/// The numbers of a data file under a shape. Whole bytes stay bytes, at a quarter of the memory; all other numbers are
/// float32. Copies share the numbers, which never change.
class NumericArray {
 public:
  NumericArray(Tensor numbers);  ///< meant to convert: a tensor is welcome wherever an array is
  /// Throws ShapeError when the count does not fit the shape.
  NumericArray(const Shape& shape, std::vector<std::uint8_t> bytes);

  const Shape& shape() const { return shape_; }
  bool holds_bytes() const { return std::holds_alternative<Bytes>(numbers_); }

  /// Row `row` of axis 0, each number x as x * scale + offset. The shape has a first axis, `row` lies on it and `into`
  /// has the size of a row.
  void copy_row(Index row, float scale, float offset, std::span<float> into) const;

  /// Shares the numbers when they are float32 already.
  Tensor to_tensor() const;
  /// The same numbers under another shape. Throws ShapeError when the sizes differ.
  NumericArray reshaped(const Shape& shape) const;

 private:
  using Bytes = std::shared_ptr<const std::vector<std::uint8_t>>;

  friend NumericArray channels_last(const NumericArray& images);

  Shape shape_;
  std::variant<Tensor, Bytes> numbers_;
};

/// [N, C, H, W] -> [N, H, W, C], the order of axes everywhere in dpml. Throws ShapeError for another rank.
NumericArray channels_last(const NumericArray& images);

}  // namespace dpml
