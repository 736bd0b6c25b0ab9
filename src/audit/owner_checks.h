#pragma once

#include "dpml/train/run.h"
#include "findings.h"

namespace dpml {

/// Compares the model with what its run left under owner/: the journal, which knows every model file that was written,
/// and the checkpoint. `folder` is absent when only the file was given; what then cannot be seen is said.
void check_owner(Findings& findings, const std::optional<RunFolder>& folder);

}  // namespace dpml
