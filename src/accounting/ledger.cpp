#include "dpml/accounting/ledger.h"

#include <limits>
#include <utility>

#include "dpml/base/digest.h"
#include "dpml/base/error.h"

namespace dpml {

Ledger::Ledger(const Ledger& other)
    : neighbours_(other.neighbours_), entries_(other.entries_), releases_(other.releases_) {}

Ledger& Ledger::operator=(const Ledger& other) {
  if (this != &other) *this = Ledger(other);
  return *this;
}

Ledger::Ledger(Ledger&& other) noexcept
    : neighbours_(other.neighbours_),
      entries_(std::exchange(other.entries_, {})),
      releases_(std::exchange(other.releases_, 0)),
      journal_(std::exchange(other.journal_, nullptr)) {}

Ledger& Ledger::operator=(Ledger&& other) noexcept {
  neighbours_ = other.neighbours_;
  entries_ = std::exchange(other.entries_, {});
  releases_ = std::exchange(other.releases_, 0);
  journal_ = std::exchange(other.journal_, nullptr);
  return *this;
}

void Ledger::append(const Event& event, std::uint64_t count) {
  validate(event);
  if (count == 0) return;
  if (count > std::numeric_limits<std::uint64_t>::max() - releases_) {
    throw PrivacyError("ledger: " + std::to_string(releases_) + " releases and " + std::to_string(count) +
                       " more do not fit 64 bits; they could no longer be counted");
  }
  if (journal_ != nullptr) journal_->record(event, count);
  if (!entries_.empty() && entries_.back().event == event) {
    entries_.back().count += count;
  } else {
    entries_.push_back({event, count});
  }
  releases_ += count;
}

void Ledger::append(const Ledger& other) {
  if (other.neighbours_ != neighbours_) {
    throw ConfigError("ledger: is about neighbours " + to_text(neighbours_) + ", what is appended about " +
                      to_text(other.neighbours_) + "; epsilons of different neighbours cannot be added up");
  }
  const std::vector<LedgerEntry> theirs = other.entries_;  // `other` may be this ledger
  for (const LedgerEntry& entry : theirs) append(entry.event, entry.count);
}

std::string Ledger::digest() const {
  Digest digest;
  digest.add(to_text(neighbours_));
  for (const LedgerEntry& entry : entries_) {
    digest.add(to_text(entry.event));
    digest.add(entry.count);
  }
  return digest.hex();
}

Ledger ledger_with(const Event& event, std::uint64_t count, Neighbours neighbours) {
  Ledger ledger(neighbours);
  ledger.append(event, count);
  return ledger;
}

bool operator==(const Ledger& a, const Ledger& b) {
  return a.neighbours_ == b.neighbours_ && a.entries_ == b.entries_;
}

}  // namespace dpml
