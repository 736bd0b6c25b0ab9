#include "row_place.h"

namespace dpml {

std::vector<Index> indices_at(const Shape& row_shape, Index element) {
  std::vector<Index> indices(static_cast<std::size_t>(row_shape.rank()));
  for (Index axis = row_shape.rank() - 1; axis >= 0; --axis) {
    indices[static_cast<std::size_t>(axis)] = element % row_shape[axis];
    element /= row_shape[axis];
  }
  return indices;
}

std::string row_place(Index row, const std::vector<Index>& indices) {
  std::string text = "row " + std::to_string(row);
  if (indices.size() == 1) text += ", column " + std::to_string(indices[0]);
  if (indices.size() > 1) text += ", element " + Shape(indices).to_text();
  return text + " (counted from 0)";
}

}  // namespace dpml
