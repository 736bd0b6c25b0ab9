#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dpml/accounting/accountant.h"
#include "dpml/config/experiment.h"
#include "dpml/io/model_file.h"
#include "dpml/train/evaluate.h"

namespace dpml {

/// The files of a run (docs/file_format.md). model.h5 may be released; all under owner/ saw the data without noise.
struct RunFolder {
  std::filesystem::path path;

  std::filesystem::path model() const { return path / "model.h5"; }
  std::filesystem::path owner() const { return path / "owner"; }
  std::filesystem::path checkpoint() const { return owner() / "checkpoint.h5"; }
  std::filesystem::path journal() const { return owner() / "ledger.journal"; }
  std::filesystem::path log() const { return owner() / "log.csv"; }
  std::filesystem::path rows() const { return owner() / "rows.csv"; }
};

/// The model file that is meant by a path to a run folder or to the file itself.
std::filesystem::path model_file_of(const std::filesystem::path& run);

/// How far a run is; public numbers only.
struct RunProgress {
  std::uint64_t step = 0;
  std::uint64_t steps = 0;  ///< planned
  double epoch = 0;         ///< steps so far times the sampling rate
  double steps_per_second = 0;
  double seconds_left = 0;
  /// Certified for what was released so far, and the runs before it, were the key secret. To ask the accountant rarely,
  /// it counts the releases up to the next fiftieth of the plan; after the last step it is exact.
  double epsilon = 0;
};

struct RunOptions {
  std::filesystem::path folder;
  bool resume = false;
  std::function<void(const RunProgress&)> on_progress;  ///< a few times a second, and after the last step
  std::function<void(const std::string&)> on_notice;    ///< a sentence for the user
  std::function<bool()> stop_requested;                 ///< asked after every step; true: save and return
  StopBasis stop_basis = StopBasis::releases;           ///< on what such a request rests; decides what is claimed
};

struct RunResult {
  bool finished = false;       ///< the plan is used up; false after a stop
  std::uint64_t steps = 0;     ///< updates of the weights
  std::uint64_t releases = 0;  ///< in the ledger; more than steps when a part was lost in a crash
  std::uint64_t planned = 0;
  Ending ending = Ending::finished;
  Guarantee guarantee;                          ///< what model.h5 claims
  std::vector<ClaimOfOthers> claims_of_others;  ///< and for people of earlier runs whom this run does not touch
  std::string record;  ///< record digest of model.h5: kept elsewhere, it shows whether the file was changed
  double noise_multiplier = 0;
  Index parameters = 0;
  double seconds = 0;              ///< of training in this part
  std::optional<Evaluation> test;  ///< on the config's test data; for the owner
};

/// Trains as the config says and leaves a run folder. The ledger's journal is written before every release, so a run
/// that is killed at any moment can go on with `resume` and never counts less than it released; releases that it lost
/// stay paid, and the run ends that many updates earlier. Nothing under owner/ can be read by others at any moment.
/// Every row of training and test data is checked before the first release, also of a run that goes on.
/// Throws ConfigError when the folder holds a run already (without resume), holds none (with it), or holds one of
/// another config; DataError for a row that model and loss cannot use and when no row is left or finite;
/// DivergenceError when the weights are not finite any more, and then leaves no model of what came last; FileError,
/// PrivacyError and what the rooms below throw.
RunResult run_training(const Experiment& experiment, const RunOptions& options);

/// The experiment that a model file was trained by, whose model has exactly its weights. `source` is what the file is
/// called. Throws ConfigError when its config is none, is that of a program, or describes other weights.
Experiment experiment_of(const ModelFile& model, const std::filesystem::path& source);

/// Rebuilds the model of a model.h5 with its weights, and the experiment it was trained by. Throws FileError, also when
/// the file is not as dpml wrote it, and ConfigError when its config is not, or is that of a program.
struct LoadedModel {
  Experiment experiment;
  std::unique_ptr<Layer> model;
};
LoadedModel load_model(const std::filesystem::path& model_file);

}  // namespace dpml
