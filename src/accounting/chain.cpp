#include "dpml/accounting/chain.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
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

bool may_claim(InitialWeights origin) {
  switch (origin) {
    case InitialWeights::random:
    case InitialWeights::public_data:
    case InitialWeights::same_people:
    case InitialWeights::disjoint_people:
      return true;
    case InitialWeights::unknown:
      return false;
  }
  throw InternalError("InitialWeights: not one of the enumerated values");
}

bool claims_with_earlier_runs(InitialWeights origin) {
  switch (origin) {
    case InitialWeights::same_people:
      return true;
    case InitialWeights::random:
    case InitialWeights::public_data:
    case InitialWeights::disjoint_people:
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
    if (run > 0 && claims_with_earlier_runs(origin)) {
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
  std::size_t runs = 0;
  for (const Chain& chain : chains) runs += chain.runs.size();
  if (runs > kMostRunsInChains) {
    throw ConfigError("the groups of disjoint people count " + std::to_string(runs) + " runs together, more than the " +
                      std::to_string(kMostRunsInChains) + " that are accounted");
  }
  return chains;
}

std::unique_ptr<Accountant> make_chain_accountant(std::string_view accountant, bool fixed_in_advance) {
  if (fixed_in_advance) return make_accountant(accountant);
  const bool has_filter = accountant == "zcdp" || accountant == "gdp";
  return make_adaptive_accountant(has_filter ? std::string(accountant) + " filter" : "rdp filter");
}

namespace {

/// What the runs are charged together. Throws ConfigError when they are about other neighbours or units than the last.
Ledger joined(std::span<const EarlierRun> runs, const std::string& unit, Neighbours neighbours) {
  Ledger whole(neighbours);
  for (const EarlierRun& run : runs) {
    if (run.charged.neighbours() != neighbours) {
      throw ConfigError("a run before this one, on the same people, is about other neighbours (" +
                        to_text(run.charged.neighbours()) + ", here " + to_text(neighbours) +
                        "); their epsilons cannot be added up");
    }
    if (run.unit != unit) {
      throw ConfigError("a run before this one, on the same people, protects another unit (\"" + printable(run.unit) +
                        "\", here \"" + printable(unit) + "\"); their epsilons cannot be added up");
    }
    whole.append(run.charged);
  }
  return whole;
}

std::vector<Link> links_of(const ChainedRun::Options& options) {
  std::vector<Link> links;
  for (const EarlierRun& run : options.earlier_runs) links.push_back({run.initial_weights, run.fixed_in_advance});
  links.push_back({options.initial_weights, options.fixed_in_advance});
  return links;
}

std::vector<EarlierRun> picked(const std::vector<EarlierRun>& runs, std::span<const std::size_t> places) {
  std::vector<EarlierRun> some;
  for (const std::size_t place : places) some.push_back(runs.at(place));
  return some;
}

}  // namespace

ChainedRun::ChainedRun(const Options& options) : options_(options) {
  if (carries_earlier_runs(options.initial_weights) == options.earlier_runs.empty()) {
    throw ConfigError(options.earlier_runs.empty()
                          ? "training begins from weights of " + to_text(options.initial_weights) +
                                ", but the runs before it are not stated"
                          : "runs are stated that came before, but the initial weights are " +
                                to_text(options.initial_weights));
  }
  const std::size_t own = options.earlier_runs.size();
  for (const Chain& chain : chains_of(links_of(options))) {
    if (chain.runs.back() != own) {
      others_.push_back(chain);
      continue;
    }
    const std::span<const std::size_t> before(chain.runs.data(), chain.runs.size() - 1);
    own_.push_back({.before = joined(picked(options.earlier_runs, before), options.unit, options.neighbours),
                    .accountant = before.empty() ? make_accountant(options.accountant)
                                                 : make_chain_accountant(options.accountant, chain.fixed_in_advance)});
  }
}

Ledger ChainedRun::OwnChain::with(const Ledger& run) const {
  Ledger whole = before;
  whole.append(run);
  return whole;
}

Guarantee ChainedRun::guarantee(const Ledger& run) const {
  std::optional<Guarantee> largest;
  for (const OwnChain& chain : own_) {
    Guarantee guarantee = chain.accountant->guarantee(chain.with(run), options_.delta);
    if (!largest || !(guarantee.epsilon <= largest->epsilon)) largest = std::move(guarantee);
  }
  DPML_ASSERT(largest.has_value());
  if (!may_claim(options_.initial_weights)) {
    largest->epsilon = std::numeric_limits<double>::infinity();
  }
  return *std::move(largest);
}

std::vector<ClaimOfOthers> ChainedRun::claims_of_others() const {
  std::vector<ClaimOfOthers> claims;
  for (const Chain& chain : others_) {
    const std::vector<EarlierRun> runs = picked(options_.earlier_runs, chain.runs);
    const EarlierRun& last = runs.back();
    const auto accountant = runs.size() == 1 ? make_accountant(last.accountant)
                                             : make_chain_accountant(last.accountant, chain.fixed_in_advance);
    const Ledger whole = joined(runs, last.unit, last.charged.neighbours());
    claims.push_back({.unit = last.unit, .claim = accountant->guarantee(whole, last.delta)});
  }
  return claims;
}

}  // namespace dpml
