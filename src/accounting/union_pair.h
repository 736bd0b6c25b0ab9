#pragma once

#include <memory>
#include <vector>

#include "privacy_loss.h"

namespace dpml {

/// One of several pairs, drawn with the given probabilities and told with the outcome.
class UnionPair final : public LossPair {
 public:
  struct Part {
    double probability;  ///< > 0; they sum to 1
    std::shared_ptr<const LossPair> pair;
  };
  explicit UnionPair(std::vector<Part> parts);

  LossCells cells(const LossGrid& grid, double cut) const override;
  LossCells probe(double cut) const override;
  Likeness likeness() const override;
  double many_cells(const LossGrid& grid, double wide) const override;
  double work_of_cell() const override;

 private:
  std::vector<Part> parts_;
};

}  // namespace dpml
