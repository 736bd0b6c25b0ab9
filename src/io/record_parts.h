#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/ledger.h"
#include "dpml/base/digest.h"
#include "dpml/io/named_tensor.h"
#include "hdf5_reader.h"
#include "hdf5_writer.h"

// What model files and checkpoints have in common.

namespace dpml::hdf5 {

/// A file of dpml says what it is in two attributes of the root.
inline constexpr std::uint64_t kFormatVersion = 1;

void write_header(const GroupWriter& root, const std::string& format, const std::string& dpml_version);
/// Opens `path`, which must be of the given format ("dpml model") and of a version that we know.
Reader open_dpml_file(const std::filesystem::path& path, const std::string& format);

/// Throws FileError naming the first name that is impossible or occurs twice.
void require_good_names(std::span<const NamedTensor> tensors);
void write_tensors(const GroupWriter& group, std::span<const NamedTensor> tensors);
std::vector<NamedTensor> read_tensors(const Reader& group);

void write_ledger(const GroupWriter& group, const Ledger& ledger);
Ledger read_ledger(const Reader& group);

void write_claim(const GroupWriter& group, const Guarantee& claim);
Guarantee read_claim(const Reader& group);
void add_claim(Digest& digest, const Guarantee& claim);

}  // namespace dpml::hdf5
