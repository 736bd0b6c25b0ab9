#pragma once

#include "reference_cases.h"
#include "reference_verdicts.h"

namespace dpml {

/// What is to be said about a case, by its "kind". Throws std::out_of_range for a kind that is not known here.
Comparisons comparisons_of(const json& one);

// Kinds whose case is an "event_tree".
Comparisons compare_event(const json& one);
Comparisons compare_without_replacement(const json& one);

}  // namespace dpml
