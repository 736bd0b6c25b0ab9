#include "dpml/tensor/tensor.h"

#include <algorithm>
#include <utility>

#include "block.h"
#include "dpml/base/error.h"

namespace dpml {

Tensor::Tensor(const Shape& shape) : shape_(shape), size_(shape.size()) {
  block_ = acquire_block(static_cast<std::size_t>(size_));
  data_ = block_->numbers();
}

Tensor Tensor::zeros(const Shape& shape) {
  return filled(shape, 0.0F);
}

Tensor Tensor::filled(const Shape& shape, float value) {
  Tensor tensor(shape);
  std::fill_n(tensor.data_, tensor.size_, value);
  return tensor;
}

Tensor Tensor::from(const Shape& shape, std::span<const float> values) {
  if (shape.size() != std::ssize(values)) {
    throw ShapeError("shape " + shape.to_text() + " wants " + std::to_string(shape.size()) + " numbers, got " +
                     std::to_string(values.size()));
  }
  Tensor tensor(shape);
  std::copy(values.begin(), values.end(), tensor.data_);
  return tensor;
}

Tensor::Tensor(const Tensor& other) noexcept
    : shape_(other.shape_), size_(other.size_), data_(other.data_), block_(other.block_) {
  if (block_ != nullptr) block_->owners.fetch_add(1, std::memory_order_relaxed);
}

Tensor::Tensor(Tensor&& other) noexcept
    : shape_(std::exchange(other.shape_, Shape{})),
      size_(std::exchange(other.size_, 0)),
      data_(std::exchange(other.data_, nullptr)),
      block_(std::exchange(other.block_, nullptr)) {}

Tensor& Tensor::operator=(Tensor other) noexcept {
  std::swap(shape_, other.shape_);
  std::swap(size_, other.size_);
  std::swap(data_, other.data_);
  std::swap(block_, other.block_);
  return *this;
}

Tensor::~Tensor() {
  release_block(block_);
}

Tensor Tensor::reshaped(const Shape& shape) const {
  if (shape.size() != size_) {
    throw ShapeError("cannot view " + shape_.to_text() + " as " + shape.to_text() + ": the sizes differ");
  }
  Tensor view = *this;
  view.shape_ = shape;
  return view;
}

Tensor Tensor::rows(Index begin, Index end) const {
  if (begin < 0 || end < begin || end > shape_[0]) {
    throw ShapeError("rows [" + std::to_string(begin) + ", " + std::to_string(end) + ") of " + shape_.to_text());
  }
  Tensor view = *this;
  const Index row = shape_.without_front().size();
  view.shape_ = shape_.with_axis(0, end - begin);
  view.size_ = (end - begin) * row;
  view.data_ += begin * row;
  return view;
}

Tensor Tensor::clone() const {
  Tensor copy(shape_);
  std::copy_n(data_, size_, copy.data_);
  return copy;
}

}  // namespace dpml
