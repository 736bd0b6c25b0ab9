#include "record_parts.h"

#include <fstream>
#include <set>

#include "dpml/base/error.h"

namespace dpml::hdf5 {

namespace {

/// Files of dpml begin with HDF5's superblock in version 2 or later, in which every piece of metadata has a checksum.
/// Older layouts have none, and HDF5 may crash on a damaged one: they are not opened at all.
void require_checksummed_layout(const std::filesystem::path& path, const std::string& format) {
  static constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return;  // Reader::open says so better
  std::string first(kSignature.size() + 1, '\0');
  std::ifstream(path, std::ios::binary).read(first.data(), static_cast<std::streamsize>(first.size()));
  const std::string expected = path.string() + ": expected a " + format + " file";
  if (!first.starts_with(kSignature)) throw FileError(expected + ", but it is not HDF5");
  if (first.back() < 2) throw FileError(expected + ", found an HDF5 file without checksums, which dpml did not write");
}

}  // namespace

void write_header(const GroupWriter& root, const std::string& format, const std::string& dpml_version) {
  root.text_attribute("format", format);
  root.count_attribute("format_version", kFormatVersion);
  root.text_attribute("dpml_version", dpml_version);
}

Reader open_dpml_file(const std::filesystem::path& path, const std::string& format) {
  require_checksummed_layout(path, format);
  Reader root = Reader::open(path, "a " + format + " file");
  if (!root.has_attribute("format")) root.fail("expected a " + format + " file, found an HDF5 file of another kind");
  const std::string found = root.text_attribute("format");
  if (found != format) root.fail("expected a " + format + " file, found a file of format \"" + found + "\"");
  const std::uint64_t version = root.count_attribute("format_version");
  if (version != kFormatVersion) {
    root.fail("is written in version " + std::to_string(version) + " of the format \"" + format +
              "\"; this dpml reads version " + std::to_string(kFormatVersion) +
              (version > kFormatVersion ? ": use a newer dpml" : ""));
  }
  return root;
}

void require_good_names(std::span<const NamedTensor> tensors) {
  std::set<std::string_view> seen;
  for (const NamedTensor& tensor : tensors) {
    const std::string& name = tensor.name;
    if (name.empty() || name == "." || name.find('/') != std::string::npos || name.find('\0') != std::string::npos) {
      throw FileError("a tensor cannot be stored under the name \"" + name +
                      "\"; a name is not empty and not \".\", and has no \"/\"");
    }
    if (!seen.insert(name).second) throw FileError("two tensors cannot both be stored as \"" + name + "\"");
  }
}

void write_tensors(const GroupWriter& group, std::span<const NamedTensor> tensors) {
  require_good_names(tensors);
  for (const NamedTensor& tensor : tensors) group.floats(tensor.name, tensor.value);
}

std::vector<NamedTensor> read_tensors(const Reader& group) {
  std::vector<NamedTensor> tensors;
  for (const std::string& name : group.names()) tensors.push_back({name, group.floats(name)});
  return tensors;
}

void write_ledger(const GroupWriter& group, const Ledger& ledger) {
  std::vector<std::string> events;
  std::vector<std::uint64_t> counts;
  for (const LedgerEntry& entry : ledger.entries()) {
    events.push_back(to_text(entry.event));
    counts.push_back(entry.count);
  }
  group.text_attribute("neighbours", to_text(ledger.neighbours()));
  group.texts("event", events);
  group.counts("count", counts);
}

Ledger read_ledger(const Reader& group) {
  const std::vector<std::string> events = group.texts("event");
  const std::vector<std::uint64_t> counts = group.counts("count");
  if (events.size() != counts.size()) {
    group.fail("the ledger has " + std::to_string(events.size()) + " events and " + std::to_string(counts.size()) +
               " counts; expected one count for each event");
  }
  std::string place = "the ledger's neighbours";
  try {
    Ledger ledger(parse_neighbours(group.text_attribute("neighbours")));
    for (std::size_t i = 0; i < events.size(); ++i) {
      place = "row " + std::to_string(i) + " of the ledger";
      if (counts[i] == 0) group.fail(place + " counts 0 releases; expected 1 or more");
      ledger.append(parse_event(events[i]), counts[i]);
    }
    return ledger;
  } catch (const FileError&) {
    throw;
  } catch (const Error& error) {
    group.fail(place + ": " + error.what());
  }
}

void write_claim(const GroupWriter& group, const Guarantee& claim) {
  group.number_attribute("epsilon", claim.epsilon);
  group.number_attribute("delta", claim.delta);
  group.text_attribute("neighbours", to_text(claim.neighbours));
  group.text_attribute("accountant", claim.accountant);
  if (claim.order) group.number_attribute("order", *claim.order);
}

Guarantee read_claim(const Reader& group) {
  Guarantee claim{.epsilon = group.number_attribute("epsilon"),
                  .delta = group.number_attribute("delta"),
                  .neighbours = {},
                  .accountant = group.text_attribute("accountant"),
                  .order = {}};
  try {
    claim.neighbours = parse_neighbours(group.text_attribute("neighbours"));
  } catch (const ConfigError& error) {
    group.fail(std::string("the claim's neighbours: ") + error.what());
  }
  if (group.has_attribute("order")) claim.order = group.number_attribute("order");
  return claim;
}

void add_claim(Digest& digest, const Guarantee& claim) {
  digest.add(claim.epsilon).add(claim.delta).add(to_text(claim.neighbours)).add(claim.accountant);
  digest.add(std::uint64_t{claim.order ? 1U : 0U});
  if (claim.order) digest.add(*claim.order);
}

}  // namespace dpml::hdf5
