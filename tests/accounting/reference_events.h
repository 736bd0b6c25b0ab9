#pragma once

// The events of reference/accounting.json as ours.

#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "dpml/accounting/ledger.h"
#include "reference_cases.h"

namespace dpml {

inline Ledger ledger_of(const Event& event, Neighbours neighbours, std::uint64_t count = 1) {
  Ledger ledger(neighbours);
  ledger.append(event, count);
  return ledger;
}

inline std::uint64_t count_of(const json& tree) {
  return tree.at("type") == "SelfComposed" ? tree.at("count").get<std::uint64_t>() : 1;
}

inline const json& inside(const json& tree) {
  return tree.at("type") == "SelfComposed" ? tree.at("event") : tree;
}

inline std::vector<std::uint64_t> step_counts(const json& tree) {
  const json& steps = tree.at("step_counts");
  return steps.is_array() ? steps.get<std::vector<std::uint64_t>>()
                          : std::vector<std::uint64_t>{steps.get<std::uint64_t>()};
}

/// The event of a tree.
inline Event event_of(const json& tree) {
  const auto type = tree.at("type").get<std::string>();
  const auto number = [&](const char* name) { return tree.at(name).get<double>(); };
  const auto whole = [&](const char* name) { return static_cast<std::uint64_t>(number(name)); };
  if (type == "SelfComposed") return SelfComposed{event_of(tree.at("event")), whole("count")};
  if (type == "Gaussian") return Gaussian{number("noise_multiplier")};
  if (type == "Laplace") return Laplace{number("noise_multiplier")};
  if (type == "DiscreteGaussian") return DiscreteGaussian{number("sigma"), whole("sensitivity")};
  if (type == "RandomizedResponse") return RandomizedResponse{number("noise_parameter"), whole("num_buckets")};
  if (type == "ExponentialMechanism") return ExponentialMechanism{number("epsilon")};
  if (type == "PermuteAndFlip") return Laplace{1 / number("epsilon")};
  if (type == "EpsilonDelta") return EpsilonDelta{number("epsilon"), number("delta")};
  if (type == "PoissonSampled") return PoissonSampled{number("sampling_probability"), event_of(tree.at("event"))};
  if (type == "DiscreteLaplace") return DiscreteLaplace{1 / number("noise_parameter"), whole("sensitivity")};
  if (type == "TruncatedSubsampledGaussian") {
    return TruncatedPoissonSampled{whole("dataset_size"), number("sampling_probability"), whole("truncated_batch_size"),
                                   Gaussian{number("noise_multiplier")}};
  }
  if (type == "MixtureOfGaussians") {
    std::vector<MixtureComponent> components;
    for (std::size_t i = 0; i < tree.at("sensitivities").size(); ++i) {
      components.push_back({tree.at("sensitivities")[i].get<double>(), tree.at("sampling_probs")[i].get<double>()});
    }
    return MixtureOfGaussians{number("standard_deviation"), components};
  }
  if (type == "SingleEpochTreeAggregation") return TreeAggregation{number("noise_multiplier"), step_counts(tree)};
  if (type == "RepeatAndSelect") {
    const double shape = tree.at("shape").is_string() ? std::numeric_limits<double>::infinity() : number("shape");
    return RepeatAndSelect{event_of(tree.at("event")), number("mean"), shape};
  }
  if (type == "Composed") {
    std::vector<Event> events;
    for (const json& one : tree.at("events")) events.push_back(event_of(one));
    return Composed{events};
  }
  throw std::out_of_range("unknown event " + type);
}

/// The ledger of a case with an "event_tree".
inline Ledger ledger_of(const json& one) {
  const json& tree = one.at("inputs").at("event_tree");
  return ledger_of(event_of(inside(tree)), neighbours_of(one), count_of(tree));
}

}  // namespace dpml
