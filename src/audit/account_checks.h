#pragma once

#include "findings.h"

namespace dpml {

/// Recomputes what may be claimed and compares: for the people of this run and, of those of earlier runs, for the
/// others. Asks accountants, at most one question for each chain of people and two more; only about ledgers that
/// check_ledger found to be the config's.
void check_claims(Findings& findings);

/// Whether anybody is protected at all: a claim of infinity fails, however honest it is.
void check_protection(Findings& findings);

}  // namespace dpml
