#pragma once

#include <string>
#include <vector>

#include "dpml/tensor/shape.h"

namespace dpml {

/// Of the axes of one row, from the place in it: [3, 2], 4 -> [2, 0].
std::vector<Index> indices_at(const Shape& row_shape, Index element);

/// "row 7 (counted from 0)", "row 7, column 2 (counted from 0)", "row 7, element [3, 4] (counted from 0)".
std::string row_place(Index row, const std::vector<Index>& indices);

}  // namespace dpml
