#pragma once

#include <string>
#include <string_view>

#include "dpml/autograd/tape.h"

namespace dpml {

/// `axis` counted from the first. Throws ShapeError, naming the operation, when x has no such axis, and
/// SampleMixingError "op: axis 0 of [...] is the batch, so this would <deed>. <advice>" when it is the batch axis.
Index sample_axis(std::string_view op, const Value& x, Index axis, std::string_view deed, std::string_view advice);

/// A tensor seen around one axis: outer x length x inner numbers.
struct AxisView {
  AxisView(const Shape& shape, Index axis);

  Index outer = 1;
  Index length = 1;
  Index inner = 1;
};

/// Is `small` equal to the last axes of `large`? A shape without axes always is.
bool is_trailing(const Shape& small, const Shape& large);

/// The shape without one axis.
Shape without_axis(const Shape& shape, Index axis);

}  // namespace dpml
