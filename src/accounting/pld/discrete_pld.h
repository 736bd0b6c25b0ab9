#pragma once

#include <cstdint>
#include <vector>

#include "dominating_pair.h"

namespace dpml::pld {

/// A privacy loss that takes the values offset + index * step, and +infinity.
struct DiscretePld {
  struct Node {
    std::int64_t index;
    double mass;  ///< under P, > 0
  };
  double step;
  double offset;
  std::vector<Node> nodes;  ///< indices ascend
  double infinite = 0;      ///< mass at +infinity

  double loss(std::int64_t index) const { return offset + step * static_cast<double>(index); }
};

/// A pair that dominates the cells: each cell's mass is shared by the two nodes around it so that P and Q are kept
/// (connect the dots: Doroshenko, Ghazi, Kamath, Kumar and Manurangsi 2022). What was cut counts as larger than it is.
DiscretePld dominating_pld(const LossCells& cells, const LossGrid& grid);

/// A pair that the cells dominate: neighbouring cells are merged, and split where needed, to groups whose P and Q have
/// exactly the ratio of a node. Merging is post-processing, so it only lowers delta. What was cut is left out.
///
/// Groups are made from the end of the losses that has more mass, because the last group rarely comes out even and has
/// to go down to the next node. The cells at that end that hardly matter after tilting go down, too, so that the first
/// group can start where groups of one step around the nodes go on: a group too wide makes the next one too narrow, and
/// so on for ever. The offset is chosen here.
DiscretePld dominated_pld(const LossCells& cells, const LossGrid& grid);

}  // namespace dpml::pld
