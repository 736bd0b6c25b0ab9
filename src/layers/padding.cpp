#include "padding.h"

#include <algorithm>
#include <limits>

#include "dpml/base/error.h"

namespace dpml {

namespace {

/// Which of `length` places is seen at place i, from -padding to length + padding; -1 for a zero.
Index source_of(PaddingMode mode, Index i, Index length) {
  if (i >= 0 && i < length) return i;
  switch (mode) {
    case PaddingMode::zeros:
      return -1;
    case PaddingMode::reflect:
      return i < 0 ? -i : 2 * (length - 1) - i;
    case PaddingMode::replicate:
      return i < 0 ? 0 : length - 1;
    case PaddingMode::circular:
      return i < 0 ? i + length : i - length;
  }
  throw InternalError("PaddingMode: not one of the enumerated values");
}

/// Calls visit(place in the padded image, place in the image) for every pixel of the padded image that is not zero, row
/// by row; places count numbers.
template <class Visit>
void visit_pixels(const Padding& padding, const Shape& images, Visit&& visit) {
  const Index height = images[1];
  const Index width = images[2];
  const Index channels = images[3];
  Index at = 0;
  for (Index y = -padding.top; y < height + padding.bottom; ++y) {
    const Index row = source_of(padding.mode, y, height);
    for (Index x = -padding.left; x < width + padding.right; ++x, at += channels) {
      const Index column = source_of(padding.mode, x, width);
      if (row >= 0 && column >= 0) visit(at, (row * width + column) * channels);
    }
  }
}

Shape padded_shape(const Padding& padding, const Shape& images) {
  return Shape{images[0], images[1] + padding.top + padding.bottom, images[2] + padding.left + padding.right,
               images[3]};
}

struct Room {
  Index most;  // padding at one end
  const char* why;
};

Room room_of(PaddingMode mode, Index length) {
  constexpr Index kAny = std::numeric_limits<Index>::max();
  switch (mode) {
    case PaddingMode::zeros:
      return {kAny, ""};
    case PaddingMode::reflect:
      return {std::max<Index>(length - 1, 0), "a reflection has fewer than that"};
    case PaddingMode::replicate:
      return {length == 0 ? 0 : kAny, "there is nothing to replicate"};
    case PaddingMode::circular:
      return {length, "a circle has at most that"};
  }
  throw InternalError("PaddingMode: not one of the enumerated values");
}

void require_room(const std::string& place, PaddingMode mode, const char* axis, Index padding, Index length) {
  const Room room = room_of(mode, length);
  if (padding <= room.most) return;
  throw ShapeError(place + ": padding " + std::to_string(padding) + " is too much for " + axis + " " +
                   std::to_string(length) + "; " + room.why);
}

}  // namespace

void Padding::require_fit(const std::string& place, Index height, Index width) const {
  require_room(place, mode, "height", std::max(top, bottom), height);
  require_room(place, mode, "width", std::max(left, right), width);
}

Tensor padded(const Padding& padding, const Tensor& images) {
  Tensor result = Tensor::zeros(padded_shape(padding, images.shape()));
  const Index from_size = images.shape().without_front().size();
  const Index to_size = result.shape().without_front().size();
  const Index channels = images.axis(3);
  for (Index b = 0; b < images.axis(0); ++b) {
    const float* from = images.data() + b * from_size;
    float* to = result.mutable_data() + b * to_size;
    visit_pixels(padding, images.shape(),
                 [=](Index in_padded, Index in_image) { std::copy_n(from + in_image, channels, to + in_padded); });
  }
  return result;
}

Tensor padding_folded(const Padding& padding, const Tensor& gradient, const Shape& images) {
  Tensor result = Tensor::zeros(images);
  const Index from_size = gradient.shape().without_front().size();
  const Index to_size = images.without_front().size();
  const Index channels = images[3];
  for (Index b = 0; b < images[0]; ++b) {
    const float* from = gradient.data() + b * from_size;
    float* to = result.mutable_data() + b * to_size;
    visit_pixels(padding, images, [=](Index in_padded, Index in_image) {
      for (Index c = 0; c < channels; ++c) to[in_image + c] += from[in_padded + c];
    });
  }
  return result;
}

}  // namespace dpml
