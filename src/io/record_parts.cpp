#include "record_parts.h"

#include <algorithm>
#include <set>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml::hdf5 {

namespace {

constexpr const char* kEarlierRuns = "earlier_runs";

void write_earlier_run(const GroupWriter& group, const EarlierRun& run) {
  group.text_attribute("record", run.record);
  group.text_attribute("unit", run.unit);
  group.text_attribute("accountant", run.accountant);
  group.number_attribute("delta", run.delta);
  group.text_attribute("initial_weights", to_text(run.initial_weights));
  group.count_attribute("fixed_in_advance", run.fixed_in_advance ? 1 : 0);
  write_ledger(group.group("ledger"), run.charged, kFormatVersion);
}

EarlierRun read_earlier_run(RecordGroup& group) {
  return {.record = read_digest(group, "record"),
          .unit = group.text_attribute("unit"),
          .accountant = group.text_attribute("accountant"),
          .delta = group.number_attribute("delta"),
          .initial_weights = in_place(group, "an earlier run",
                                      [&] { return parse_initial_weights(group.text_attribute("initial_weights")); }),
          .fixed_in_advance = group.flag_attribute("fixed_in_advance"),
          .charged = read_ledger(group.group("ledger"), kFormatVersion)};
}

}  // namespace

void write_header(const GroupWriter& root, const std::string& format, std::uint64_t version,
                  const std::string& dpml_version) {
  root.text_attribute("format", format);
  root.count_attribute("format_version", version);
  root.text_attribute("dpml_version", dpml_version);
}

std::uint64_t read_header(RecordGroup& root, const std::string& format) {
  if (!root.has_attribute("format")) {
    throw FileError(root.path() + ": expected a " + format + " file, found an HDF5 file of another kind");
  }
  const std::string found = root.text_attribute("format");
  if (found != format) {
    throw FileError(root.path() + ": expected a " + format + " file, found a file of format \"" + printable(found) +
                    "\"");
  }
  const std::uint64_t version = root.count_attribute("format_version");
  if (version >= kOldestVersion && version <= kFormatVersion) return version;
  throw FileError(root.path() + ": is written in version " + std::to_string(version) + " of the format \"" + format +
                  "\"; this dpml reads versions " + std::to_string(kOldestVersion) + " to " +
                  std::to_string(kFormatVersion) + (version > kFormatVersion ? ": use a newer dpml" : ""));
}

std::string read_dpml_version(RecordGroup& root) {
  constexpr std::size_t kLongest = 64;
  const std::string version = root.text_attribute("dpml_version");
  const bool is_plain = version.find_first_not_of(
                            "0123456789.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+~-") == std::string::npos;
  if (version.empty() || version.size() > kLongest || !is_plain) root.fail("its dpml_version is no version of dpml");
  return version;
}

std::string read_digest(RecordGroup& group, const std::string& name) {
  std::string digest = group.text_attribute(name);
  if (!digest.empty() && !is_digest(digest)) group.fail("its " + name + " is no digest: \"" + printable(digest) + "\"");
  return digest;
}

std::string parts_of(std::span<const EarlierRun> runs) {
  return runs.empty() ? "" : kEarlierRuns;
}

bool read_parts(RecordGroup& root) {
  const std::string parts = root.text_attribute("parts");
  if (parts.empty()) return false;
  if (parts == kEarlierRuns) return true;
  throw FileError(root.path() + ": has parts that this dpml does not know (\"" + printable(parts) +
                  "\"): use a newer dpml");
}

void require_good_names(std::span<const NamedTensor> tensors) {
  std::set<std::string_view> seen;
  for (const NamedTensor& tensor : tensors) {
    const std::string& name = tensor.name;
    if (name.empty() || name == "." || name.find('/') != std::string::npos || name.find('\0') != std::string::npos ||
        first_invalid_utf8(name)) {
      throw FileError("a tensor cannot be stored under the name \"" + printable(name) +
                      "\"; a name is UTF-8, not empty and not \".\", and has no \"/\"");
    }
    if (!seen.insert(name).second) throw FileError("two tensors cannot both be stored as \"" + printable(name) + "\"");
  }
}

void write_tensors(const GroupWriter& group, std::span<const NamedTensor> tensors) {
  require_good_names(tensors);
  for (const NamedTensor& tensor : tensors) group.floats(tensor.name, tensor.value);
}

LedgerDigests digests_of(const Ledger& ledger) {
  LedgerDigests digests{.rows = {}, .head = Digest().add(to_text(ledger.neighbours())).hex()};
  for (const LedgerEntry& entry : ledger.entries()) {
    digests.head = Digest().add(digests.head).add(to_text(entry.event)).add(entry.count).hex();
    digests.rows.push_back(digests.head);
  }
  return digests;
}

void write_ledger(const GroupWriter& group, const Ledger& ledger, std::uint64_t version) {
  std::vector<std::string> events;
  std::vector<std::uint64_t> counts;
  for (const LedgerEntry& entry : ledger.entries()) {
    events.push_back(to_text(entry.event));
    counts.push_back(entry.count);
  }
  group.text_attribute("neighbours", to_text(ledger.neighbours()));
  if (version == 1) {
    group.texts("event", events);
    group.counts("count", counts);
    return;
  }
  const LedgerDigests digests = digests_of(ledger);
  group.text_attribute("head", digests.head);
  group.texts("event", events);
  group.counts("count", counts);
  group.texts("digest", digests.rows);
}

Ledger read_ledger(RecordGroup& group, std::uint64_t version) {
  const std::vector<std::string> events = group.texts("event");
  const std::vector<std::uint64_t> counts = group.counts("count");
  const std::vector<std::string> digests = version == 1 ? std::vector<std::string>() : group.texts("digest");
  const std::string head = version == 1 ? "" : group.text_attribute("head");
  if (events.size() != counts.size()) {
    group.fail("the ledger has " + std::to_string(events.size()) + " events and " + std::to_string(counts.size()) +
               " counts; expected one count for each event");
  }
  Ledger ledger = in_place(group, "the ledger's neighbours",
                           [&] { return Ledger(parse_neighbours(group.text_attribute("neighbours"))); });
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::string place = "row " + std::to_string(i) + " of the ledger";
    if (counts[i] == 0) group.fail(place + " counts 0 releases; expected 1 or more");
    in_place(group, place, [&] { ledger.append(parse_event(events[i]), counts[i]); });
  }
  if (version == 1) return ledger;
  const LedgerDigests expected = digests_of(ledger);
  if (digests == expected.rows && head == expected.head) return ledger;
  const auto first = std::mismatch(digests.begin(), digests.end(), expected.rows.begin(), expected.rows.end()).first;
  group.fail("row " + std::to_string(first - digests.begin()) +
             " of the ledger does not follow from the rows before it, or rows are gone");
}

void write_claim(const GroupWriter& group, const Guarantee& claim) {
  group.number_attribute("epsilon", claim.epsilon);
  group.number_attribute("delta", claim.delta);
  group.text_attribute("neighbours", to_text(claim.neighbours));
  group.text_attribute("accountant", claim.accountant);
  if (claim.order) group.number_attribute("order", *claim.order);
}

Guarantee read_claim(RecordGroup& group) {
  Guarantee claim{.epsilon = group.number_attribute("epsilon"),
                  .delta = group.number_attribute("delta"),
                  .neighbours = in_place(group, "the claim's neighbours",
                                         [&] { return parse_neighbours(group.text_attribute("neighbours")); }),
                  .accountant = group.text_attribute("accountant"),
                  .order = {}};
  if (group.has_attribute("order")) claim.order = group.number_attribute("order");
  return claim;
}

void add_claim(Digest& digest, const Guarantee& claim) {
  digest.add(claim.epsilon).add(claim.delta).add(to_text(claim.neighbours)).add(claim.accountant);
  digest.add(std::uint64_t{claim.order ? 1U : 0U});
  if (claim.order) digest.add(*claim.order);
}

std::string digest_of(const Guarantee& claim) {
  Digest digest;
  add_claim(digest, claim);
  return digest.hex();
}

void write_earlier_runs(const GroupWriter& root, std::span<const EarlierRun> runs) {
  if (runs.empty()) return;
  const GroupWriter group = root.group(kEarlierRuns);
  for (std::size_t i = 0; i < runs.size(); ++i) write_earlier_run(group.group(std::to_string(i)), runs[i]);
}

std::vector<EarlierRun> read_earlier_runs(RecordGroup& root) {
  std::vector<EarlierRun> runs;
  for (RecordGroup* group : root.group(kEarlierRuns).numbered_groups()) {
    if (runs.size() == kMostEarlierRuns) {
      root.fail("carries more than " + std::to_string(kMostEarlierRuns) + " earlier runs along");
    }
    runs.push_back(read_earlier_run(*group));
  }
  if (runs.empty()) root.fail("names the part " + std::string(kEarlierRuns) + ", which holds no run");
  return runs;
}

void add_earlier_runs(Digest& digest, std::span<const EarlierRun> runs) {
  digest.add(static_cast<std::uint64_t>(runs.size()));
  for (const EarlierRun& run : runs) {
    digest.add(Digest()
                   .add(run.record)
                   .add(run.unit)
                   .add(run.accountant)
                   .add(run.delta)
                   .add(to_text(run.initial_weights))
                   .add(std::uint64_t{run.fixed_in_advance ? 1U : 0U})
                   .add(digests_of(run.charged).head)
                   .hex());
  }
}

void ask(const WeightsCheck& check, const RecordGroup& root, const std::string& config, std::uint64_t version,
         std::span<const NamedShape> weights) {
  if (!check) return;
  try {
    check(config, version, weights);
  } catch (const FileError&) {
    throw;
  } catch (const Error& error) {
    root.fail(std::string("its weights: ") + error.what());
  }
}

}  // namespace dpml::hdf5
