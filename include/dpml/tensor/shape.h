#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace dpml {

using Index = std::int64_t;

/// Lengths of the axes of a tensor, outermost first; at most kMaxRank axes, each >= 0 (zero is legal everywhere).
class Shape {
 public:
  static constexpr Index kMaxRank = 8;

  Shape() = default;
  /// Throws ShapeError for a negative axis, for more than kMaxRank axes, and when the product overflows.
  Shape(std::initializer_list<Index> axes);
  explicit Shape(std::span<const Index> axes);

  Index rank() const { return rank_; }
  /// Length of axis i; negative i counts from the last axis. Throws ShapeError when there is no such axis.
  Index operator[](Index i) const;
  Index size() const;  ///< product of all axes; 1 for rank 0
  std::span<const Index> axes() const { return {axes_.data(), static_cast<std::size_t>(rank_)}; }

  Shape with_front(Index axis) const;          ///< [3] -> [axis, 3]
  Shape with_back(Index axis) const;           ///< [3] -> [3, axis]
  Shape without_front() const;                 ///< [5, 3] -> [3]
  Shape without_back() const;                  ///< [5, 3] -> [5]
  Shape with_axis(Index i, Index axis) const;  ///< axis i replaced

  bool operator==(const Shape& other) const;
  std::string to_text() const;  ///< "[5, 3]"

 private:
  std::array<Index, kMaxRank> axes_{};
  Index rank_ = 0;
};

}  // namespace dpml
