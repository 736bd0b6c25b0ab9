#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "dpml/base/name_pattern.h"
#include "dpml/config/data_options.h"
#include "dpml/config/model_spec.h"
#include "dpml/dpsgd/privacy_options.h"
#include "dpml/layers/losses.h"
#include "dpml/optim/options.h"

namespace dpml {

/// How the work is done; nothing here but initial_model changes the guarantee.
struct RuntimeOptions {
  static constexpr int kMostThreads = 1024;
  int threads = 0;                                     ///< from 0 to kMostThreads; 0 means all cores
  Index physical_batch = 0;                            ///< >= 0, samples worked on at a time in a thread; 0: planned
  double checkpoint_every_seconds = 60;                ///< >= 0; 0 means after every step
  bool evaluate_every_epoch = true;                    ///< on the test data, where there are some
  std::optional<std::filesystem::path> initial_model;  ///< run folder or file whose weights to start from
  std::vector<NameRule> initial_renames;               ///< what weights in that file are called here
  std::vector<std::string> initial_fresh;              ///< patterns of weights that are not taken from it
};

/// A whole config, read and checked. Everything in it is public.
struct Experiment {
  PrivacyOptions privacy;
  DataOptions train;
  std::optional<DataOptions> test;
  ModelSpec model;  ///< with the sizes that follow filled in
  LossOptions loss;
  OptimizerOptions optimizer;
  ScheduleOptions schedule;
  AveragingOptions averaging;
  RuntimeOptions runtime;
  std::optional<std::string> program;  ///< which trained without data and model of a config; in stored configs only

  /// The config as canonical protobuf text: overrides applied, defaults written out, paths absolute, always in the same
  /// order, ASCII. parse_config reads the same experiment from it, wherever it stands, and gives the same text.
  std::string text;
  std::string text_to_resume;         ///< what a run must have in common with the one that it resumes: all but how
                                      ///< the work is done
  std::vector<std::string> warnings;  ///< legal, but worth a look: "cnn.txtpb:9: privacy.delta: ..."
};

}  // namespace dpml
