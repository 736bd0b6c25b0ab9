#include "dpml/autograd/parameter.h"

#include <algorithm>

#include "dpml/base/error.h"

namespace dpml {

namespace {

Shape shape_in_files(const Shape& memory, WeightOrder order) {
  switch (order) {
    case WeightOrder::as_in_files:
      return memory;
    case WeightOrder::channels_last_kernel:
      return Shape{memory[0], memory[3], memory[1], memory[2]};
    case WeightOrder::channels_last_line:
      return Shape{memory[0], memory[3], memory[2]};
  }
  throw InternalError("WeightOrder: not one of the enumerated values");
}

/// The numbers of a kernel in the other order, under the shape they have there; `memory` is the shape in memory.
Tensor moved_channels(const Tensor& weight, const Shape& memory, const Shape& result, bool last_to_second) {
  const Index out = memory[0];
  const Index channels = memory[3];
  const Index kernel = memory.size() == 0 ? 0 : memory.size() / out / channels;
  Tensor moved(result);
  const float* source = weight.data();
  float* target = moved.mutable_data();
  for (Index o = 0; o < out; ++o) {
    for (Index k = 0; k < kernel; ++k) {
      for (Index c = 0; c < channels; ++c) {
        const Index channels_last = (o * kernel + k) * channels + c;
        const Index channels_second = (o * channels + c) * kernel + k;
        if (last_to_second) {
          target[channels_second] = source[channels_last];
        } else {
          target[channels_last] = source[channels_second];
        }
      }
    }
  }
  return moved;
}

}  // namespace

Parameter::Parameter(std::string name, Tensor value, WeightOrder order)
    : name_(std::move(name)), value_(value.clone()), order_(order) {}

void Parameter::set(const Tensor& value) {
  if (value.shape() != shape()) {
    throw ShapeError("parameter \"" + name_ + "\" has shape " + shape().to_text() + ", got " + value.shape().to_text());
  }
  std::copy_n(value.data(), value.size(), value_.mutable_data());
  restore_zeros();
}

void Parameter::keep_zero(Index begin, Index end) {
  DPML_ASSERT(0 <= begin && begin <= end && end <= size());
  zeros_begin_ = begin;
  zeros_end_ = end;
  restore_zeros();
}

void Parameter::restore_zeros() {
  std::fill_n(value_.mutable_data() + zeros_begin_, zeros_end_ - zeros_begin_, 0.0F);
}

Tensor Parameter::in_file_order() const {
  return order_ == WeightOrder::as_in_files ? value_.clone()
                                            : moved_channels(value_, shape(), shape_in_files(shape(), order_), true);
}

void Parameter::set_from_file_order(const Tensor& value) {
  if (order_ == WeightOrder::as_in_files) {
    set(value);
    return;
  }
  const Shape expected = shape_in_files(shape(), order_);
  if (value.shape() != expected) {
    throw ShapeError("parameter \"" + name_ + "\" has shape " + expected.to_text() + " in files, got " +
                     value.shape().to_text());
  }
  set(moved_channels(value, shape(), shape(), false));
}

}  // namespace dpml
