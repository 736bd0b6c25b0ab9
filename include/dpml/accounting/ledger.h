#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dpml/accounting/event.h"
#include "dpml/base/error.h"

namespace dpml {

/// The same event, `count` times.
struct LedgerEntry {
  Event event;
  std::uint64_t count;  ///< >= 1
  friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

/// Writes an entry somewhere durable before the release that it pays for. A crash in between over-counts, which is
/// the safe side.
class LedgerJournal {
 public:
  virtual ~LedgerJournal() = default;
  /// Returns only when the entry would survive a crash; throws otherwise, and the release must not happen.
  virtual void record(const Event& event, std::uint64_t count) = 0;
};

/// What was released, in order: append-only, public numbers only.
///
/// A copy is a calculation on the side (what would one more release cost?) and has no journal; a moved ledger takes
/// its journal along.
class Ledger {
 public:
  explicit Ledger(Neighbours neighbours) : neighbours_(neighbours) {}
  Ledger(const Ledger& other);
  Ledger& operator=(const Ledger& other);
  Ledger(Ledger&& other) noexcept;
  Ledger& operator=(Ledger&& other) noexcept;
  ~Ledger() = default;

  Neighbours neighbours() const { return neighbours_; }

  /// Later entries are written to `journal` first, which must outlive its use here; nullptr for none. What the
  /// ledger holds already is not written again.
  void set_journal(LedgerJournal* journal) { journal_ = journal; }

  /// Writes to the journal, then to memory; merges with the last entry when the events are equal. A count of 0 leaves
  /// everything as it was. Throws ConfigError (validate), PrivacyError when the number of releases would no longer
  /// fit 64 bits, and whatever the journal throws; nothing is in memory then.
  void append(const Event& event, std::uint64_t count = 1);

  /// Appends all of another ledger's entries, in their order. Throws ConfigError, and appends nothing, where that one
  /// is about other neighbours; else as above, and what came before the entry that is refused stays.
  void append(const Ledger& other);

  const std::vector<LedgerEntry>& entries() const { return entries_; }

  /// Sum of the counts.
  std::uint64_t releases() const { return releases_; }

  /// SHA-256 of neighbours, events and counts in order, as 64 hexadecimal letters.
  std::string digest() const;

  /// Same neighbours and entries; journals do not matter.
  friend bool operator==(const Ledger& a, const Ledger& b);

 private:
  Neighbours neighbours_;
  std::vector<LedgerEntry> entries_;
  std::uint64_t releases_ = 0;
  LedgerJournal* journal_ = nullptr;
};

/// Nothing but this event, `count` times.
Ledger ledger_with(const Event& event, std::uint64_t count, Neighbours neighbours);

/// Protobuf text (message Ledger of proto/dpml/event.proto): a line for the neighbours and one for each entry:
/// entry { event { gaussian { noise_multiplier: 1 } } count: 10 }
std::string to_text(const Ledger& ledger);

/// Neither a ledger's text nor who reads it states the neighbours.
class NeighboursNotStated : public ConfigError {
 public:
  using ConfigError::ConfigError;
};

/// Reads what to_text writes; a count that is absent is 1, and the neighbours may be written as in a config, in capital
/// letters and without quotes. `neighbours` are asked for by who reads; where the text states them, too, they must
/// agree. Throws ConfigError that begins with name:line, the line of the neighbours or that on which the entry ends
/// that is at fault, and names the field; or with name:line:column where the text is none of a ledger. Counts that
/// together do not fit 64 bits are such a fault, too.
Ledger parse_ledger(std::string_view text, std::optional<Neighbours> neighbours = std::nullopt,
                    std::string_view name = "events");

}  // namespace dpml
