#pragma once

#include <string>

#include "composed_curve.h"
#include "renyi_cost.h"

namespace dpml::renyi {

/// The cost of an event of any kind, taken apart.
RenyiCost composed_cost(const Event& event, const CurveTerms& terms);
RenyiCost cost_of(std::unique_ptr<ComposedCurve> curve);
RenyiCost with_note(RenyiCost cost, const std::string& note);

/// Both directions; components stay at place 0 with probability 1 - sampling_rate more.
std::unique_ptr<RenyiCurve> mixture_curve(const MixtureOfGaussians& mixture, double sampling_rate, double most_nodes);

RenyiCost poisson_cost(const PoissonSampled& sampled, const CurveTerms& terms);
RenyiCost without_replacement_cost(const SampledWithoutReplacement& sampled, const CurveTerms& terms);
RenyiCost truncated_poisson_cost(const TruncatedPoissonSampled& sampled, const CurveTerms& terms);

/// Throws UnsupportedEvent.
[[noreturn]] void refuse_event(const std::string& what, Neighbours neighbours, const std::string& why);

/// Refuses what samples by a public size of the dataset, however deep, where a batch of random size is its dataset.
void refuse_fixed_size_inside(const Event& inner, const std::string& what, Neighbours neighbours);

}  // namespace dpml::renyi
