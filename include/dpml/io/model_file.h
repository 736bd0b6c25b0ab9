#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/ledger.h"
#include "dpml/io/named_tensor.h"

// HDF5 knows no threads: call the functions of this header from one thread at a time.

namespace dpml {

/// A trained model with everything that its guarantee rests on. Safe to release: nothing in it was computed from the
/// data but weights that a mechanism released and the ledger paid for. docs/file_format.md has the layout.
struct ModelFile {
  std::string config;                ///< resolved, in its canonical text form
  std::vector<NamedTensor> weights;  ///< PyTorch's axis order: linear [out, in], convolution [out, in/groups, kh, kw]
  bool averaged = false;             ///< the weights are the running average of the optimizer's, not its last ones
  std::uint64_t steps = 0;           ///< optimizer steps taken
  std::string unit;                  ///< of privacy: what neighbouring datasets differ by, "row"
  std::string noise_key;             ///< where the key of the noise came from, and whether that is private
  std::string initial_model;         ///< record digest of the model file that training began from; "" for none
  std::vector<std::string> notes;    ///< caveats, each one sentence
  std::string dpml_version;          ///< of the program that trained it
  Ledger ledger;
  Guarantee claim;
};

/// SHA-256 digests, each 64 hexadecimal letters: of the config, the weights and the ledger, and the record over those
/// three and everything else. They show that the parts of a file belong together; since anyone can compute them, they
/// do not show who wrote it.
struct ModelDigests {
  std::string config;
  std::string weights;
  std::string ledger;
  std::string record;
};
ModelDigests digests_of(const ModelFile& model);

/// A model file as it was found, whether or not its parts belong together.
struct StoredModel {
  ModelFile model;
  ModelDigests stored;  ///< the digests the file claims to have
};

/// One sentence for each stored digest that differs from the computed one; empty when all parts belong together.
std::vector<std::string> verify_digests(const StoredModel& stored);

/// Replaces `path` in one step (dpml/base/file.h). Equal models give equal bytes. Throws FileError when the disk
/// refuses (the old file is untouched then) or when a weight's name is impossible or taken.
void write_model_file(const std::filesystem::path& path, const ModelFile& model);

/// Reads without judging the digests, for audits. Throws FileError when it is not a model file that this version of
/// dpml can read, or is damaged so that a part cannot be read. Weights may be infinite or not a number.
StoredModel read_stored_model(const std::filesystem::path& path);

/// Reads a model to use it. Throws FileError as above, and when a digest differs.
ModelFile read_model_file(const std::filesystem::path& path);

}  // namespace dpml
