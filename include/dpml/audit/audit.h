#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "dpml/accounting/accountant.h"

namespace dpml {

enum class Verdict {
  passed,
  warning,  ///< worth knowing; the claim stands
  failed
};

struct AuditCheck {
  std::string name;  ///< "epsilon"
  Verdict verdict;
  std::string detail;  ///< one sentence: what was compared and what came out
};

/// What the file of a finished run proves about itself: that its parts belong together and that its claim follows from
/// its ledger. It cannot show that whoever wrote the file trained as the ledger says.
struct AuditReport {
  std::vector<AuditCheck> checks;
  Guarantee claim;
  Bound recomputed{.upper = 0};  ///< epsilon of the ledger, at the claimed delta, by the claimed accountant
  std::string record_digest;     ///< publish it beside the model, and nobody can exchange the file unnoticed
  std::string statement;         ///< the claim in one sentence: unit, neighbours, sampler, accountant

  bool passed() const;  ///< no check failed
};

/// `run` is a run folder or a model.h5. A folder's owner part, where present, is compared too.
/// Throws FileError when there is no readable model file.
AuditReport audit(const std::filesystem::path& run);

}  // namespace dpml
