#include "dpml/autograd/parameter.h"

#include <algorithm>

#include "dpml/base/error.h"

namespace dpml {

namespace {

/// [out, a, b, c] -> [out, c, a, b] when `last_to_second`, else [out, a, b, c] -> [out, b, c, a].
Tensor moved_channels(const Tensor& weight, bool last_to_second) {
  const Shape& from = weight.shape();
  const Index out = from[0];
  const Index channels = last_to_second ? from[3] : from[1];
  const Index kernel = from.size() == 0 ? 0 : from.size() / out / channels;
  Tensor moved(last_to_second ? Shape{out, from[3], from[1], from[2]} : Shape{out, from[2], from[3], from[1]});
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
  return order_ == WeightOrder::as_in_files ? value_.clone() : moved_channels(value_, true);
}

void Parameter::set_from_file_order(const Tensor& value) {
  if (order_ == WeightOrder::as_in_files) {
    set(value);
    return;
  }
  const Shape expected{shape()[0], shape()[3], shape()[1], shape()[2]};
  if (value.shape() != expected) {
    throw ShapeError("parameter \"" + name_ + "\" has shape " + expected.to_text() + " in files, got " +
                     value.shape().to_text());
  }
  set(moved_channels(value, false));
}

}  // namespace dpml
