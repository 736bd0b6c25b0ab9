#pragma once

#include <memory>
#include <vector>

#include "dominating_pair.h"

namespace dpml::pld {

/// One of several pairs, drawn with the given probabilities and told with the outcome.
class DirectSumPair final : public DominatingPair {
 public:
  struct Part {
    double probability;  ///< > 0; they sum to 1
    std::shared_ptr<const DominatingPair> pair;
  };
  explicit DirectSumPair(std::vector<Part> parts);

  LossCells cells(const LossGrid& grid, double cut) const override;
  LossCells probe(double cut) const override;
  Likeness likeness() const override;
  double many_cells(const LossGrid& grid, double wide) const override;
  double work_of_cell() const override;

 private:
  std::vector<Part> parts_;
};

}  // namespace dpml::pld
