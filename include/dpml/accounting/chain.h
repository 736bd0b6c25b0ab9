#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/ledger.h"

// Runs that follow one another: each begins from the weights of the one before, so a person may be in several. What
// they guarantee together is no fact of any one ledger. docs/threat_model.md ("Where training began") says what is
// stated, and what follows.

namespace dpml {

/// Whose data the weights have seen that a training begins from. It cannot be seen in them: it is stated.
enum class InitialWeights {
  random,           ///< nobody's: they were drawn for this training
  public_data,      ///< nobody's whom the guarantee should protect
  same_people,      ///< some or all people of this training: what was released before adds to its cost
  disjoint_people,  ///< none of the people of this training: they have a guarantee of their own
  unknown           ///< not stated, so nothing can be claimed
};

std::string to_text(InitialWeights origin);  ///< "same_people"
/// Throws ConfigError listing the names.
InitialWeights parse_initial_weights(std::string_view text);
/// Whether the runs before are carried along: same_people and disjoint_people.
bool carries_earlier_runs(InitialWeights origin);
/// Whether anything can be claimed of a training that begins from such weights.
bool may_claim(InitialWeights origin);
/// Whether its claim is about the runs before it as well, because they are about the same people.
bool claims_with_earlier_runs(InitialWeights origin);

/// A run that ended, as it counts for those that begin from its weights.
struct EarlierRun {
  std::string record;      ///< record digest of its model file; "" for weights without a ledger
  std::string unit;        ///< of privacy
  std::string accountant;  ///< what its own claim is computed by,
  double delta = 0;        ///< and at
  InitialWeights initial_weights = InitialWeights::unknown;
  bool fixed_in_advance = false;  ///< its plan and those of all runs before it were fixed before the first began
  Ledger charged;                 ///< its whole plan, or what it released where its stop was independent of it;
                                  ///< with a NonPrivate event where nothing can be claimed
};

/// What is carried along and audited at most. A chain costs an audit one question to an accountant, the dearer the more
/// runs it has: 16 chains of 64 different runs each took half a minute.
inline constexpr std::size_t kMostEarlierRuns = 64;
inline constexpr std::size_t kMostChains = 16;
inline constexpr std::size_t kMostRunsInChains = 128;  ///< in all chains together; a run may be in several

/// Runs, in order, that may all hold one and the same person.
struct Chain {
  std::vector<std::size_t> runs;  ///< places among the runs, ascending; not empty
  bool fixed_in_advance = true;   ///< all plans were fixed before the first of them began
};

/// The link of a run to the one before it.
struct Link {
  InitialWeights initial_weights;
  bool fixed_in_advance;
};

/// Every chain of people in a sequence of runs: one that begins from weights of the same people may hold people of any
/// run before, so it belongs to all chains so far; one about disjoint people begins a chain of its own. Throws
/// ConfigError when a run but the first carries nothing along (then nothing may stand before it), and when there are
/// too many runs or chains.
std::vector<Chain> chains_of(std::span<const Link> links);

/// Who judges the joined ledger of a chain of several runs. Plans that were fixed before the first run began are one
/// schedule, so any accountant may: make_accountant(accountant). Otherwise a later plan may have been chosen after
/// seeing what was released: make_adaptive_accountant with zcdp or gdp where that is the accountant, else rdp.
std::unique_ptr<Accountant> make_chain_accountant(std::string_view accountant, bool fixed_in_advance);

/// The smallest budget whose AdaptiveFilter (filter.h) lets the whole ledger through, at the order that follows from
/// the budget alone. `name`: "rdp filter", "zcdp filter" or "gdp filter". Quick. It holds for events that were chosen
/// adaptively, provided that the budget itself was not chosen by looking at what was released; its guarantees say so.
/// Throws ConfigError for another name.
std::unique_ptr<Accountant> make_adaptive_accountant(std::string_view name);

/// What is claimed for people who were in earlier runs alone.
struct ClaimOfOthers {
  std::string unit;
  Guarantee claim;
};

/// A run and those before it, judged together for every person who may be in several of them. Copies share what is in
/// it.
class ChainedRun {
 public:
  struct Options {
    std::vector<EarlierRun> earlier_runs;  ///< the first one first; some when they are carried along, else none
    InitialWeights initial_weights = InitialWeights::unknown;  ///< of this run
    bool fixed_in_advance = false;  ///< the plans of this run and of all before were fixed before the first began
    std::string unit;
    Neighbours neighbours;
    std::string accountant;
    double delta;
  };

  /// Throws ConfigError when runs about the same people have other neighbours or units, when runs are missing or too
  /// many (chains_of), and for an accountant that is not known.
  explicit ChainedRun(const Options& options);

  /// A chain of people that this run is part of.
  struct OwnChain {
    Ledger before;  ///< what the runs before are charged; empty for the first of a chain
    std::shared_ptr<const Accountant> accountant;

    Ledger with(const Ledger& run) const;  ///< the whole chain, of which this run releases `run`
  };
  const std::vector<OwnChain>& own_chains() const { return own_; }

  /// What all of them guarantee when this run releases `run`: the largest epsilon. Infinity when whose data the initial
  /// weights have seen is not known; 0 when nothing was released at all.
  Guarantee guarantee(const Ledger& run) const;

  /// The claims of the chains that this run is not part of, computed anew.
  std::vector<ClaimOfOthers> claims_of_others() const;

 private:
  Options options_;
  std::vector<OwnChain> own_;
  std::vector<Chain> others_;
};

}  // namespace dpml
