#include "leaves.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "rounding.h"

namespace dpml {

namespace {

double rounded_up(std::uint64_t count) {
  const auto rounded = static_cast<double>(count);
  return count < (std::uint64_t{1} << 53) ? rounded : std::nextafter(rounded, 0x1p65);
}

struct Walker {
  const std::function<void(const Leaf&)>& visit;
  const Event& event;
  double count;
  bool is_shuffled;

  void walk(const Event& inner, double times, bool shuffled) const {
    std::visit(Walker{visit, inner, times, shuffled}, inner.kind());
  }
  void operator()(const Composed& composed) const {
    for (const Event& inner : composed.events) walk(inner, count, is_shuffled);
  }
  void operator()(const SelfComposed& composed) const {
    walk(composed.inner, multiply_up(count, rounded_up(composed.count)), is_shuffled);
  }
  void operator()(const Shuffled& shuffled) const { walk(shuffled.inner, count, is_shuffled || shuffled.batches > 1); }
  void operator()(const PoissonSampled& sampled) const {
    sampled.sampling_rate == 1 ? walk(sampled.inner, count, is_shuffled) : leaf();
  }
  void operator()(const SampledWithoutReplacement& sampled) const {
    sampled.sample_size == sampled.dataset_size ? walk(sampled.inner, count, is_shuffled) : leaf();
  }
  void operator()(const BallsAndBins& sampled) const {
    sampled.bins == 1 ? walk(sampled.inner, count, is_shuffled) : leaf();
  }
  template <class Kind>
  void operator()(const Kind&) const {
    leaf();
  }
  void leaf() const { visit({event, count, is_shuffled}); }
};

}  // namespace

void for_each_leaf(const Ledger& ledger, const std::function<void(const Leaf&)>& visit) {
  for (const LedgerEntry& entry : ledger.entries()) {
    const Walker walker{visit, entry.event, rounded_up(entry.count), false};
    std::visit(walker, entry.event.kind());
  }
}

std::string shuffling_note() {
  return "a shuffled epoch is charged as one release without amplification, because no useful upper bound for "
         "shuffling "
         "is known and the bound for Poisson sampling does not hold for it; a unit that is absent leaves its place "
         "empty";
}

int tree_depth(const TreeAggregation& tree) {
  // ceil(log2(leaves + 1)), the number of binary digits.
  return static_cast<int>(std::bit_width(*std::max_element(tree.step_counts.begin(), tree.step_counts.end())));
}

double contribution_distance(Neighbours neighbours) {
  return neighbours == Neighbours::replace_one ? 2 : 1;
}

}  // namespace dpml
