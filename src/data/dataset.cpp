#include "dpml/data/dataset.h"

#include "row_place.h"

namespace dpml {

std::string Dataset::source_of(SamplePart part) const {
  return part == SamplePart::input ? "the inputs" : "the labels";
}

std::string Dataset::place_of(SamplePart part, Index sample, Index element) const {
  const Shape shape = part == SamplePart::input ? input_shape() : label_shape();
  return source_of(part) + ": " + row_place(sample, indices_at(shape, element));
}

}  // namespace dpml
