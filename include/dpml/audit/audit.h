#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/chain.h"

namespace dpml {

enum class Verdict {
  passed,
  warning,        ///< worth knowing; the claim stands
  not_checkable,  ///< cannot be seen from what was given; the detail says what would show it
  failed
};

struct AuditCheck {
  std::string name;  ///< "epsilon"
  Verdict verdict;
  std::string
      detail;  ///< one sentence: what was compared and what came out; text from files is spelled out (printable)
};

/// What the file of a finished run proves about itself: that its parts belong together and that its claim follows from
/// its ledger. It cannot show that whoever wrote the file trained as the ledger says.
struct AuditReport {
  std::vector<AuditCheck> checks;  ///< in the order they were made, cheap ones first
  Guarantee claim;
  std::vector<ClaimOfOthers> claims_of_others;  ///< for people of earlier runs alone
  Bound recomputed{.upper = 0};  ///< epsilon that may be claimed, at the claimed delta; upper is 0 when not computed
  std::string record_digest;     ///< keep or publish it, and nobody can exchange the file unnoticed
  std::string statement;  ///< the claim in one sentence: unit, neighbours, sampler, accountant; "" when unreadable

  bool passed() const;  ///< no check failed
};

struct AuditOptions {
  std::optional<std::string> record;  ///< record digest that was kept elsewhere: the file must have it
};

/// `run` is a run folder or a model.h5. A folder's owner part, where present, is compared too. A claim of infinity
/// fails: nobody is protected. No file makes it work long: an accountant is asked only about a ledger that the config
/// plans. Throws FileError when there is no readable model file.
AuditReport audit(const std::filesystem::path& run, const AuditOptions& options = {});

}  // namespace dpml
