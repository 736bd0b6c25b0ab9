#include "direct_sum_pair.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace dpml::pld {

namespace {

constexpr double kWorkOfSorting = 50;

void add(LossCells& sum, const LossCells& part, double probability) {
  for (LossCell cell : part.cells) {
    cell.mass *= probability;
    sum.cells.push_back(cell);
  }
  sum.infinite += probability * part.infinite;
  sum.cut_above += probability * part.cut_above;
  sum.cut_below += probability * part.cut_below;
}

void sort(LossCells& cells) {
  std::stable_sort(cells.cells.begin(), cells.cells.end(),
                   [](const LossCell& a, const LossCell& b) { return a.loss < b.loss; });
}

}  // namespace

DirectSumPair::DirectSumPair(std::vector<Part> parts) : parts_(std::move(parts)) {}

LossCells DirectSumPair::cells(const LossGrid& grid, double cut) const {
  LossCells made;
  for (const Part& part : parts_) {
    LossGrid of_part = grid;
    for (LossWeight& weight : of_part.weights) weight.log_total -= std::log(part.probability);
    add(made, part.pair->cells(of_part, std::min(0.5, cut / part.probability)), part.probability);
  }
  // What is cut below one part may be above the first cell of another: it counts as above all.
  made.cut_above += std::exchange(made.cut_below, 0);
  sort(made);
  return made;
}

DominatingPair::Likeness DirectSumPair::likeness() const {
  return parts_.back().pair->likeness();
}

double DirectSumPair::many_cells(const LossGrid& grid, double wide) const {
  double sum = 0;
  for (const Part& part : parts_) sum += part.pair->many_cells(grid, wide);
  return sum;
}

double DirectSumPair::work_of_cell() const {
  double most = 0;
  for (const Part& part : parts_) most = std::max(most, part.pair->work_of_cell());
  return most + kWorkOfSorting;
}

LossCells DirectSumPair::probe(double cut) const {
  LossCells made;
  for (const Part& part : parts_) {
    add(made, part.pair->probe(std::min(0.5, cut / part.probability)), part.probability);
  }
  sort(made);
  return made;
}

}  // namespace dpml::pld
