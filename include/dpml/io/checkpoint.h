#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "dpml/accounting/accountant.h"
#include "dpml/accounting/chain.h"
#include "dpml/accounting/ledger.h"
#include "dpml/io/ending.h"
#include "dpml/io/model_file.h"
#include "dpml/io/named_tensor.h"
#include "dpml/io/not_as_written.h"

// HDF5 knows no threads: call the functions of this header from one thread at a time.

namespace dpml {

/// Everything that a stopped run needs to go on. It belongs to the data's owner (folder owner/): the state of an
/// optimizer is not part of the release. Never in it: the key of the noise.
struct Checkpoint {
  std::uint64_t format_version = 2;           ///< of the file it was read from; it is always written in the newest
  std::string config;                         ///< resolved, canonical: the run that goes on must have the same
  std::uint64_t steps = 0;                    ///< optimizer steps taken
  std::vector<NamedTensor> weights;           ///< as in ModelFile
  std::vector<NamedTensor> optimizer;         ///< moments; may be empty
  std::vector<NamedTensor> averages;          ///< running average of the weights; may be empty
  StopBasis stop_basis = StopBasis::nothing;  ///< the worst that earlier stops rested on; nothing in version 1
  InitialWeights initial_weights = InitialWeights::unknown;  ///< as in ModelFile, and the following
  std::string initial_model;
  std::string initial_weights_digest;
  std::vector<EarlierRun> earlier_runs;
  std::string dpml_version;
  Ledger ledger;
  Guarantee claim;
};

/// Replaces `path` in one step (dpml/base/file.h). Equal checkpoints give equal bytes. Throws FileError when the disk
/// refuses (the old file is untouched then) or when a tensor's name is impossible or taken.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

/// Throws FileError when it is not a checkpoint that this version of dpml can read, or when anything in it was damaged
/// or changed; NotAsWritten when it is not byte for byte what dpml writes for its content, or when `check` refuses its
/// weights before they are read.
Checkpoint read_checkpoint(const std::filesystem::path& path, const WeightsCheck& check = {});

}  // namespace dpml
