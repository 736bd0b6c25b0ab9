#include "dpml/data/numeric_array.h"

#include <algorithm>
#include <string>
#include <utility>

#include "dpml/base/error.h"
#include "dpml/base/vectorised.h"

namespace dpml {

namespace {

template <typename Number>
void move_channels_last(const Number* from, Number* to, const Shape& shape) {
  const Index images = shape[0];
  const Index channels = shape[1];
  const Index pixels = shape[2] * shape[3];
  for (Index image = 0; image < images; ++image) {
    for (Index pixel = 0; pixel < pixels; ++pixel) {
      for (Index channel = 0; channel < channels; ++channel) {
        to[(image * pixels + pixel) * channels + channel] = from[(image * channels + channel) * pixels + pixel];
      }
    }
  }
}

}  // namespace

NumericArray::NumericArray(Tensor numbers) : shape_(numbers.shape()), numbers_(std::move(numbers)) {}

NumericArray::NumericArray(const Shape& shape, std::vector<std::uint8_t> bytes)
    : shape_(shape), numbers_(std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes))) {
  const Index count = std::ssize(*std::get<Bytes>(numbers_));
  if (shape.size() != count) {
    throw ShapeError("shape " + shape.to_text() + " wants " + std::to_string(shape.size()) + " bytes, got " +
                     std::to_string(count));
  }
}

void NumericArray::copy_row(Index row, float scale, float offset, std::span<float> into) const {
  const auto copy_scaled = [=](const auto* from) {
    vectorised([=] {
#pragma omp simd
      for (std::size_t i = 0; i < into.size(); ++i) into[i] = static_cast<float>(from[i]) * scale + offset;
    });
  };
  const Index begin = row * std::ssize(into);
  if (holds_bytes()) {
    copy_scaled(std::get<Bytes>(numbers_)->data() + begin);
  } else {
    copy_scaled(std::get<Tensor>(numbers_).data() + begin);
  }
}

Tensor NumericArray::to_tensor() const {
  if (!holds_bytes()) return std::get<Tensor>(numbers_);
  Tensor tensor(shape_);
  const std::vector<std::uint8_t>& bytes = *std::get<Bytes>(numbers_);
  std::transform(bytes.begin(), bytes.end(), tensor.mutable_data(),
                 [](std::uint8_t byte) { return static_cast<float>(byte); });
  return tensor;
}

NumericArray NumericArray::reshaped(const Shape& shape) const {
  if (shape.size() != shape_.size()) {
    throw ShapeError("cannot view " + shape_.to_text() + " as " + shape.to_text() + ": the sizes differ");
  }
  NumericArray view = *this;
  view.shape_ = shape;
  if (!holds_bytes()) view.numbers_ = std::get<Tensor>(numbers_).reshaped(shape);
  return view;
}

NumericArray channels_last(const NumericArray& images) {
  const Shape& shape = images.shape();
  if (shape.rank() != 4) throw ShapeError("channels_last: expected images [N, C, H, W], got " + shape.to_text());
  const Shape moved{shape[0], shape[2], shape[3], shape[1]};
  if (!images.holds_bytes()) {
    Tensor tensor(moved);
    move_channels_last(std::get<Tensor>(images.numbers_).data(), tensor.mutable_data(), shape);
    return tensor;
  }
  const std::vector<std::uint8_t>& from = *std::get<NumericArray::Bytes>(images.numbers_);
  std::vector<std::uint8_t> bytes(from.size());
  move_channels_last(from.data(), bytes.data(), shape);
  return {moved, std::move(bytes)};
}

}  // namespace dpml
