#pragma once

#include <span>

#include "dpml/tensor/shape.h"

namespace dpml {

/// Row-major float32 numbers and their shape. Copies share the numbers, so a tensor is cheap to pass by value; it is
/// written through mutable_data() while only its maker holds it, and not changed after it is handed on.
///
/// Class labels and vocabulary indices are held as numbers too; they are exact below 2^24.
/// Memory comes from a store per thread that keeps freed blocks, so that a training step allocates nothing once the
/// first one has run.
class Tensor {
 public:
  static constexpr Index kMaxExactInteger = Index{1} << 24;

  Tensor() : Tensor(Shape{0}) {}
  explicit Tensor(const Shape& shape);  ///< numbers undefined
  static Tensor zeros(const Shape& shape);
  static Tensor filled(const Shape& shape, float value);
  /// Throws ShapeError when the count does not fit the shape.
  static Tensor from(const Shape& shape, std::span<const float> values);

  Tensor(const Tensor& other) noexcept;
  Tensor(Tensor&& other) noexcept;
  Tensor& operator=(Tensor other) noexcept;
  ~Tensor();

  const Shape& shape() const { return shape_; }
  Index size() const { return size_; }
  Index axis(Index i) const { return shape_[i]; }

  const float* data() const { return data_; }
  std::span<const float> values() const { return {data_, static_cast<std::size_t>(size_)}; }
  float* mutable_data() { return data_; }
  std::span<float> mutable_values() { return {data_, static_cast<std::size_t>(size_)}; }

  /// The same numbers under another shape. Throws ShapeError when the sizes differ.
  Tensor reshaped(const Shape& shape) const;
  /// Rows [begin, end) of axis 0, sharing the numbers.
  Tensor rows(Index begin, Index end) const;
  /// A copy that shares nothing.
  Tensor clone() const;

 private:
  Shape shape_;
  Index size_ = 0;
  float* data_ = nullptr;
  struct Block* block_ = nullptr;
};

}  // namespace dpml
