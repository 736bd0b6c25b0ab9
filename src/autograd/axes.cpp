#include "axes.h"

#include <algorithm>
#include <array>

#include "dpml/base/error.h"

namespace dpml {

Index sample_axis(std::string_view op, const Value& x, Index axis, std::string_view deed, std::string_view advice) {
  const Index rank = x.shape().rank();
  const Index place = axis < 0 ? axis + rank : axis;
  if (place < 0 || place >= rank) {
    throw ShapeError(std::string(op) + ": there is no axis " + std::to_string(axis) + " in a value of shape " +
                     x.shape().to_text());
  }
  if (place == 0 && x.kind() == Kind::sample) {
    throw SampleMixingError(std::string(op) + ": axis 0 of " + x.shape().to_text() + " is the batch, so this would " +
                            std::string(deed) + ". " + std::string(advice));
  }
  return place;
}

AxisView::AxisView(const Shape& shape, Index axis) : length(shape[axis]) {
  for (Index i = 0; i < axis; ++i) outer *= shape[i];
  for (Index i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
}

bool is_trailing(const Shape& small, const Shape& large) {
  if (small.rank() > large.rank()) return false;
  return std::equal(small.axes().rbegin(), small.axes().rend(), large.axes().rbegin());
}

Shape without_axis(const Shape& shape, Index axis) {
  std::array<Index, Shape::kMaxRank> axes{};
  const auto kept = shape.axes();
  const auto cut = std::copy_n(kept.begin(), axis, axes.begin());
  std::copy(kept.begin() + axis + 1, kept.end(), cut);
  return Shape(std::span<const Index>(axes.data(), kept.size() - 1));
}

}  // namespace dpml
