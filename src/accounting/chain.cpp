#include "dpml/accounting/chain.h"

#include <algorithm>
#include <array>
#include <utility>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

constexpr std::array<std::pair<InitialWeights, std::string_view>, 5> kNames{
    {{InitialWeights::random, "random"},
     {InitialWeights::public_data, "public_data"},
     {InitialWeights::same_people, "same_people"},
     {InitialWeights::disjoint_people, "disjoint_people"},
     {InitialWeights::unknown, "unknown"}}};

}  // namespace

std::string to_text(InitialWeights origin) {
  for (const auto& [value, name] : kNames) {
    if (value == origin) return std::string(name);
  }
  throw InternalError("InitialWeights: not one of the enumerated values");
}

InitialWeights parse_initial_weights(std::string_view text) {
  std::vector<std::string> names;
  for (const auto& [value, name] : kNames) {
    if (name == text) return value;
    names.emplace_back(name);
  }
  throw ConfigError("initial weights: \"" + printable(text) + "\" is not known; expected " + list_words(names));
}

bool carries_earlier_runs(InitialWeights origin) {
  switch (origin) {
    case InitialWeights::same_people:
    case InitialWeights::disjoint_people:
      return true;
    case InitialWeights::random:
    case InitialWeights::public_data:
    case InitialWeights::unknown:
      return false;
  }
  throw InternalError("InitialWeights: not one of the enumerated values");
}

std::vector<Chain> chains_of(std::span<const Link> links) {
  if (links.size() > kMostEarlierRuns + 1) {
    throw ConfigError("a chain of " + std::to_string(links.size()) + " runs is longer than the " +
                      std::to_string(kMostEarlierRuns + 1) + " that are accounted together");
  }
  std::vector<Chain> chains;
  for (std::size_t run = 0; run < links.size(); ++run) {
    const InitialWeights origin = links[run].initial_weights;
    if (run > 0 && !carries_earlier_runs(origin)) {
      throw ConfigError("run " + std::to_string(run) + " of a chain began from weights of origin " + to_text(origin) +
                        ", so no run may stand before it");
    }
    if (origin == InitialWeights::same_people && run > 0) {
      for (Chain& chain : chains) {
        chain.runs.push_back(run);
        chain.fixed_in_advance = chain.fixed_in_advance && links[run].fixed_in_advance;
      }
    } else {
      chains.push_back({.runs = {run}});
    }
  }
  if (chains.size() > kMostChains) {
    throw ConfigError("the weights hold " + std::to_string(chains.size()) +
                      " groups of disjoint people, more than the " + std::to_string(kMostChains) +
                      " that are accounted");
  }
  return chains;
}

Ledger joined(std::span<const Ledger> ledgers) {
  DPML_ASSERT(!ledgers.empty());
  Ledger whole(ledgers.front().neighbours());
  for (const Ledger& ledger : ledgers) {
    if (ledger.neighbours() != whole.neighbours()) {
      throw ConfigError("runs about the same people are about different neighbours (" + to_text(whole.neighbours()) +
                        " and " + to_text(ledger.neighbours()) + "); their epsilons cannot be added up");
    }
    for (const LedgerEntry& entry : ledger.entries()) whole.append(entry.event, entry.count);
  }
  return whole;
}

std::unique_ptr<Accountant> make_chain_accountant(std::string_view accountant, bool fixed_in_advance) {
  if (fixed_in_advance) return make_accountant(accountant);
  const bool has_filter = accountant == "zcdp" || accountant == "gdp";
  return make_adaptive_accountant(has_filter ? std::string(accountant) + " filter" : "rdp filter");
}

}  // namespace dpml
