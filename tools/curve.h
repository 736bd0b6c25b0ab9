#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dpml/accounting/accountant.h"
#include "output.h"

namespace dpml::tools {

/// What a curve is drawn of.
struct CurveQuestion {
  const Accountant& accountant;
  const Ledger& ledger;
  const Guarantee& guarantee;  ///< its answer at the wanted delta
  std::uint64_t group_size;
  int points;  ///< 0: as many as are good to look at
};

struct Column {
  std::string name;
  std::vector<double> values;
};

/// A table whose rows are the points.
struct Curve {
  std::string kind;  ///< "delta", "steps" or "tradeoff"
  std::vector<Column> columns;
};

/// delta, and what it cannot be below, over epsilon: from 0 to twice the guarantee's.
Curve delta_curve(const CurveQuestion& question);

/// epsilon, and what it cannot be below, after so many releases of the schedule. Each prefix of a schedule that was
/// fixed in advance is one, too.
Curve steps_curve(const CurveQuestion& question);

/// False positive rate, the highest true and the lowest false negative rate of a test that tells neighbours apart.
Curve trade_off_curve(const CurveQuestion& question);

Json json_curve(const Curve& curve);
void print_curve(const Curve& curve);

/// The curves as plots beside each other, under a heading that tells the guarantee.
std::string svg_of(std::span<const Curve> curves, const Guarantee& guarantee);

}  // namespace dpml::tools
