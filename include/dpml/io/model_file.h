#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/chain.h"
#include "dpml/accounting/ledger.h"
#include "dpml/io/ending.h"
#include "dpml/io/named_tensor.h"
#include "dpml/io/not_as_written.h"

// HDF5 knows no threads: call the functions of this header from one thread at a time.

namespace dpml {

/// A trained model with everything that its guarantee rests on. Safe to release: nothing in it was computed from the
/// data but weights that a mechanism released and the ledger paid for. docs/file_format.md has the layout.
struct ModelFile {
  std::uint64_t format_version = 2;  ///< of the file it was read from; 1 knows less, see below
  std::string config;                ///< resolved, in its canonical text form
  std::vector<NamedTensor> weights;  ///< PyTorch's axis order: linear [out, in], convolution [out, in/groups, kh, kw]
  bool averaged = false;             ///< the weights are the running average of the optimizer's, not its last ones
  std::uint64_t steps = 0;           ///< optimizer steps taken
  std::uint64_t planned = 0;         ///< releases of the whole plan; 0 in version 1
  std::string unit;                  ///< of privacy: what neighbouring datasets differ by, "row"
  NoiseKey noise_key = NoiseKey::operating_system;
  InitialWeights initial_weights = InitialWeights::unknown;  ///< version 1: random, or unknown after another model
  std::string initial_model;             ///< record digest of the model file that training began from; "" for none
  std::string initial_weights_digest;    ///< digest_of the weights that training began from; "" in version 1
  Ending ending = Ending::finished;      ///< finished in version 1, which does not say
  std::vector<EarlierRun> earlier_runs;  ///< carried along, the first one first; none in version 1
  std::vector<ClaimOfOthers> claims_of_others;  ///< one for each chain of people that this run is not part of
  std::vector<std::string> notes;               ///< caveats of version 1; version 2 has none
  std::string dpml_version;                     ///< of the program that trained it
  Ledger ledger;                                ///< what this run released
  Guarantee claim;                              ///< for the people of this run, with all chains that it is part of
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

/// Asked before memory is taken for the weights, with the config and its format version; throws an Error to refuse
/// them, which becomes NotAsWritten.
using WeightsCheck =
    std::function<void(const std::string& config, std::uint64_t format_version, std::span<const NamedShape> weights)>;

/// Reads without judging the digests, for audits. Throws FileError when it is not a model file that this version of
/// dpml can read, or is damaged so that a part cannot be read, and NotAsWritten when it is one but not byte for byte
/// what dpml writes for its content. Weights may be infinite or not a number.
StoredModel read_stored_model(const std::filesystem::path& path, const WeightsCheck& check = {});

/// Reads a model to use it. Throws FileError as above, and when a digest differs.
ModelFile read_model_file(const std::filesystem::path& path, const WeightsCheck& check = {});

}  // namespace dpml
