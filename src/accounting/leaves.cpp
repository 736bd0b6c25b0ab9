#include "leaves.h"

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/group.h"
#include "event_facts.h"
#include "numerics/rounding.h"

namespace dpml::events {

namespace {

struct Walker {
  const std::function<void(const Leaf&)>& visit;
  Neighbours of_ledger;
  Leaf at;

  void walk(const Event& inner, double count, Neighbours neighbours, bool is_shuffled) const {
    std::visit(Walker{visit, of_ledger, {inner, count, neighbours, is_shuffled}}, inner.kind());
  }
  void walk(const Event& inner) const { walk(inner, at.count, at.neighbours, at.is_shuffled); }

  void operator()(const Composed& composed) const {
    for (const Event& inner : composed.events) walk(inner);
  }
  void operator()(const SelfComposed& composed) const {
    walk(composed.inner, numerics::multiply_up(at.count, numerics::count_up(composed.count)), at.neighbours,
         at.is_shuffled);
  }
  void operator()(const Shuffled& shuffled) const {
    if (shuffled.batches == 1) return walk(shuffled.inner);
    walk(shuffled.inner, at.count, at.neighbours, true);
    if (changes_the_size(at.neighbours)) {
      walk(shuffled.inner, at.count, Neighbours::replace_one, true);
    }
  }
  void operator()(const PoissonSampled& sampled) const { sampled.sampling_rate == 1 ? walk(sampled.inner) : leaf(); }
  void operator()(const SampledWithoutReplacement& sampled) const {
    sampled.sample_size == sampled.dataset_size ? walk(sampled.inner) : leaf();
  }
  void operator()(const BallsAndBins& sampled) const { sampled.bins == 1 ? walk(sampled.inner) : leaf(); }
  void operator()(const TruncatedPoissonSampled&) const { leaf(); }
  template <class Kind>
  requires IsMechanism<Kind> || IsClaim<Kind> || IsSelection<Kind>
  void operator()(const Kind&) const { leaf(); }
  void leaf() const {
    if (at.neighbours == of_ledger || !holds_claim(at.event)) return visit(at);
    if (!is_claim(at.event)) {
      throw UnsupportedEvent("no bound for shuffled { " + kind_name(at.event) +
                             " } around an event that is a claim, under add_or_remove_one neighbours: shuffling also "
                             "exchanges units, for which the claim says nothing after sampling; use zero_out");
    }
    // One unit removed and one added.
    const Event twice = event_for_group(at.event, of_ledger, 2);
    visit({twice, at.count, at.neighbours, at.is_shuffled});
  }
};

}  // namespace

void for_each_leaf(const Ledger& ledger, const std::function<void(const Leaf&)>& visit) {
  const Neighbours neighbours = ledger.neighbours();
  for (const LedgerEntry& entry : ledger.entries()) {
    const Walker walker{visit, neighbours, {entry.event, numerics::count_up(entry.count), neighbours, false}};
    std::visit(walker, entry.event.kind());
  }
}

std::vector<std::string> shuffling_notes(Neighbours neighbours) {
  std::vector<std::string> notes = {
      "shuffled batches are charged without amplification, one release for each epoch, because no bound for shuffling "
      "is known that is smaller in practice"};
  if (changes_the_size(neighbours)) {
    notes.emplace_back(
        "under add_or_remove_one neighbours, a unit more or less also moves another one to a different shuffled batch, "
        "which is charged, too; zero_out has no such cost");
  }
  return notes;
}

}  // namespace dpml::events
