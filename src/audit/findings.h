#pragma once

#include <optional>
#include <string>

#include "dpml/audit/audit.h"
#include "dpml/config/experiment.h"
#include "dpml/io/model_file.h"

namespace dpml {

/// What an audit has in hand, and what it found so far.
struct Findings {
  StoredModel stored;
  std::optional<Experiment> experiment;  ///< of the config, once that was read
  /// The ledger that the claim has to cover, once it is known to be the config's: releases, or the whole plan.
  std::optional<Ledger> claimed_for;
  std::optional<Ledger> whole_plan;
  AuditReport report;

  const ModelFile& model() const { return stored.model; }
  bool is_version_1() const { return stored.model.format_version == 1; }

  void add(std::string name, Verdict verdict, std::string detail) {
    report.checks.push_back({std::move(name), verdict, std::move(detail)});
  }
  bool add(std::string name, bool holds, const std::string& when_it_holds, const std::string& when_not) {
    add(std::move(name), holds ? Verdict::passed : Verdict::failed, holds ? when_it_holds : when_not);
    return holds;
  }
};

/// Equal, or as near as two versions of dpml may compute the last digits. Infinity is near to nothing but itself.
bool nearly_equal(double a, double b);

}  // namespace dpml
