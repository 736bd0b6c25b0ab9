#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "dpml/accounting/ledger.h"
#include "renyi_curve.h"

namespace dpml::renyi {

/// The curve of one release of `event`, +infinity where a delta goes with it. Throws UnsupportedEvent, naming the
/// event.
std::unique_ptr<RenyiCurve> make_renyi_curve(const Event& event, Neighbours neighbours);

/// What several releases cost together: the sum of their curves, each times its count, and with it what else of a
/// RenyiCost composes. Here compositions are taken apart and counts multiplied in, but for those of a shuffled epoch
/// (leaves.h) and of Gaussians on one batch (event_facts.h). Equal events are evaluated once, wherever they stand.
class ComposedCurve final : public RenyiCurve {
 public:
  /// Throw UnsupportedEvent, naming the event. What a curve may take is shared by all kinds of a ledger.
  explicit ComposedCurve(const Ledger& ledger);
  ComposedCurve(const Event& event, const CurveTerms& terms);

  void add(const Event& event, const CurveTerms& terms, double count);

  /// Of everything but delta().
  double cumulant(double order_minus_one) override;
  double nodes() const override;

  /// Chance that one release or more fails outright, which does not depend on the data; rounded up.
  double delta() const;
  /// The largest privacy loss of all together, failures excepted; rounded up; +infinity where it has no bound.
  double pure_epsilon() const;
  /// Each sentence once.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct Term {
    std::unique_ptr<RenyiCurve> curve;
    double count;
    double pure_epsilon;
    double delta;
  };
  std::vector<Term> terms_;
  std::unordered_map<std::string, std::size_t> place_;  ///< of an event's term
  std::vector<std::string> notes_;
};

}  // namespace dpml::renyi
