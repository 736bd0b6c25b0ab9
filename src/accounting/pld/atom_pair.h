#pragma once

#include <vector>

#include "dominating_pair.h"

namespace dpml::pld {

/// A pair on finitely many outcomes, or groups of outcomes.
class AtomPair final : public DominatingPair {
 public:
  struct Atom {
    Atom(double p, double loss) : Atom(p, loss, loss, loss) {}
    Atom(double p, double loss, double from, double to) : p(p), loss(loss), from(from), to(to) {}
    double p;     ///< >= 0; those of 0 are left out
    double loss;  ///< log(P / Q), finite
    double from;  ///< loss of every outcome of a group is in [from, to]
    double to;
  };
  /// `infinite` is P of outcomes that Q never gives; `cut_above` and `cut_below` are P of outcomes that were left out
  /// at either end. `spacing` as in DominatingPair.
  struct Ends {
    double infinite = 0;
    double cut_above = 0;
    double cut_below = 0;
  };
  enum class Losses { rounded, exact };  ///< good to a few units in the last place, or as they are
  explicit AtomPair(std::vector<Atom> atoms, Ends ends, double spacing = 0, Losses losses = Losses::rounded);

  LossCells cells(const LossGrid& grid, double cut) const override;
  LossCells probe(double cut) const override;
  Likeness likeness() const override;
  double many_cells(const LossGrid&, double) const override { return static_cast<double>(atoms_.size()); }
  double work_of_cell() const override { return 20; }
  double spacing() const override { return spacing_; }
  bool has_only_spaced_losses() const override { return spacing_ > 0; }
  double smallest_loss() const override { return atoms_.empty() ? 0 : atoms_.front().from; }
  Interval largest_loss() const override;
  double infinite() const override { return ends_.infinite; }

 private:
  std::vector<Atom> atoms_;  // in order of the loss
  Ends ends_;
  double spacing_;
  Losses losses_;
};

}  // namespace dpml::pld
