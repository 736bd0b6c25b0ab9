#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/chain.h"
#include "dpml/accounting/ledger.h"
#include "dpml/base/digest.h"
#include "dpml/base/text.h"
#include "dpml/io/model_file.h"
#include "dpml/io/named_tensor.h"
#include "hdf5_writer.h"
#include "record_tree.h"

// What model files and checkpoints have in common.

namespace dpml::hdf5 {

/// A file of dpml says what it is in two attributes of the root.
inline constexpr std::uint64_t kFormatVersion = 2;
inline constexpr std::uint64_t kOldestVersion = 1;

void write_header(const GroupWriter& root, const std::string& format, std::uint64_t version,
                  const std::string& dpml_version);
/// The version, which is one that we know, of a file of the given format ("dpml model"). Throws FileError otherwise.
std::uint64_t read_header(RecordGroup& root, const std::string& format);
std::string read_dpml_version(RecordGroup& root);
/// The digest in an attribute; "" where there is none of it.
std::string read_digest(RecordGroup& group, const std::string& name);

/// The optional parts of a file; "" or "earlier_runs".
std::string parts_of(std::span<const EarlierRun> runs);
/// Whether the part is there. Throws FileError for a part that we do not know.
bool read_parts(RecordGroup& root);

/// Throws FileError naming the first name that is impossible or occurs twice.
void require_good_names(std::span<const NamedTensor> tensors);
void write_tensors(const GroupWriter& group, std::span<const NamedTensor> tensors);

/// The digests of a ledger's rows, each over the one before it; the last one is its head.
struct LedgerDigests {
  std::vector<std::string> rows;
  std::string head;
};
LedgerDigests digests_of(const Ledger& ledger);

void write_ledger(const GroupWriter& group, const Ledger& ledger, std::uint64_t version);
Ledger read_ledger(RecordGroup& group, std::uint64_t version);

void write_claim(const GroupWriter& group, const Guarantee& claim);
Guarantee read_claim(RecordGroup& group);
void add_claim(Digest& digest, const Guarantee& claim);  ///< part by part, as version 1 does
std::string digest_of(const Guarantee& claim);

void write_earlier_runs(const GroupWriter& root, std::span<const EarlierRun> runs);
std::vector<EarlierRun> read_earlier_runs(RecordGroup& root);
void add_earlier_runs(Digest& digest, std::span<const EarlierRun> runs);

/// `read()`, but what it cannot make out of the content, whatever it throws, is NotAsWritten "<path>: <place>: ..." in
/// one line: the content may stand in it.
template <class Read>
auto in_place(const RecordGroup& group, const std::string& place, const Read& read) {
  try {
    return read();
  } catch (const FileError&) {
    throw;
  } catch (const Error& error) {
    group.fail(place + ": " + one_line(error.what()));
  }
}

/// Asks before the weights are read, where there is something to ask.
void ask(const WeightsCheck& check, const RecordGroup& root, const std::string& config, std::uint64_t version,
         std::span<const NamedShape> weights);

}  // namespace dpml::hdf5
