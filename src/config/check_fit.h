#pragma once

#include "dpml/config/experiment.h"
#include "section.h"

namespace dpml::config {

/// Whether labels, loss and model belong together, as far as the files need not be opened for it. Sizes of the model
/// that follow are filled in.
void check_fit(const Section& root, Experiment& experiment);

}  // namespace dpml::config
