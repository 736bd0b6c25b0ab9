#include "dpml/tensor/shape.h"

#include <algorithm>

#include "dpml/base/error.h"

namespace dpml {

Shape::Shape(std::initializer_list<Index> axes) : Shape(std::span<const Index>(axes.begin(), axes.size())) {}

Shape::Shape(std::span<const Index> axes) : rank_(static_cast<Index>(axes.size())) {
  if (rank_ > kMaxRank) {
    throw ShapeError("a tensor has at most " + std::to_string(kMaxRank) + " axes, asked for " + std::to_string(rank_));
  }
  Index size = 1;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] < 0)
      throw ShapeError("axis " + std::to_string(i) + " has length " + std::to_string(axes[i]) + "; expected 0 or more");
    if (__builtin_mul_overflow(size, std::max<Index>(axes[i], 1), &size))
      throw SizeError("a shape with more than 2^63 numbers");
    axes_[i] = axes[i];
  }
}

Index Shape::operator[](Index i) const {
  const Index axis = i < 0 ? i + rank_ : i;
  if (axis < 0 || axis >= rank_) throw ShapeError("shape " + to_text() + " has no axis " + std::to_string(i));
  return axes_[static_cast<std::size_t>(axis)];
}

Index Shape::size() const {
  Index product = 1;
  for (const Index axis : axes()) product *= axis;
  return product;
}

Shape Shape::with_front(Index axis) const {
  std::array<Index, kMaxRank + 1> axes{axis};
  std::copy(axes_.begin(), axes_.end(), axes.begin() + 1);
  return Shape(std::span<const Index>(axes.data(), static_cast<std::size_t>(rank_ + 1)));
}

Shape Shape::with_back(Index axis) const {
  std::array<Index, kMaxRank + 1> axes{};
  std::copy(axes_.begin(), axes_.end(), axes.begin());
  axes[static_cast<std::size_t>(rank_)] = axis;
  return Shape(std::span<const Index>(axes.data(), static_cast<std::size_t>(rank_ + 1)));
}

Shape Shape::without_front() const {
  if (rank_ == 0) throw ShapeError("shape [] has no first axis to take away");
  return Shape(axes().subspan(1));
}

Shape Shape::without_back() const {
  if (rank_ == 0) throw ShapeError("shape [] has no last axis to take away");
  return Shape(axes().first(static_cast<std::size_t>(rank_ - 1)));
}

Shape Shape::with_axis(Index i, Index axis) const {
  (*this)[i];
  Shape changed = *this;
  changed.axes_[static_cast<std::size_t>(i < 0 ? i + rank_ : i)] = axis;
  return Shape(changed.axes());
}

bool Shape::operator==(const Shape& other) const {
  return std::equal(axes().begin(), axes().end(), other.axes().begin(), other.axes().end());
}

std::string Shape::to_text() const {
  std::string text = "[";
  for (Index i = 0; i < rank_; ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(axes_[static_cast<std::size_t>(i)]);
  }
  return text + "]";
}

}  // namespace dpml
