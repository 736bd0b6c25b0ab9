#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "dpml/config/parse_config.h"
#include "dpml/train/run.h"
#include "io/example_files.h"
#include "train/small_training.h"

// Runs that take a fraction of a second, with all their files in a temporary folder.

namespace dpml {

/// A NumPy array of float32.
inline std::string npy(const Shape& shape, std::span<const float> values) {
  std::string axes;
  for (const Index axis : shape.axes()) axes += std::to_string(axis) + ",";
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + axes + "), }";
  header.resize((header.size() + 11 + 63) / 64 * 64 - 11, ' ');
  header += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += {'\1', '\0', static_cast<char>(header.size() & 255U), static_cast<char>(header.size() >> 8U)};
  return bytes + header + std::string(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

/// 30 steps at sampling rate 0.1 with averaging and a checkpoint after every step; a key from the operating system.
inline const std::string kSmallRun = R"(
privacy {
  unit: "one row"
  neighbours: ADD_OR_REMOVE_ONE
  poisson { expected_batch_size: 20 public_size: 200 }
  steps: 30
  clip_bound: 1
  delta: 1e-4
  target_epsilon: 4
}
data {
  train { npy { inputs: "x.npy" labels: "y.npy" } }
  test { npy { inputs: "tx.npy" labels: "ty.npy" } }
  shape: [4]
  classes: 2
}
model {
  layer { linear { out: 8 } }
  layer { tanh {} }
  layer { dropout { probability: 0.25 } }
  layer { linear { out: 2 } }
}
loss: CROSS_ENTROPY
optimizer { sgd { learning_rate: 0.5 momentum: 0.9 } }
averaging { decay: 0.9 }
runtime { threads: 1 checkpoint_every_seconds: 0 }
)";

/// Data files and a place for run folders.
class RunExample {
 public:
  explicit RunExample(Index samples = 200) {
    write_data("x.npy", "y.npy", samples);
    write_data("tx.npy", "ty.npy", 50);
  }

  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

  void write_data(const std::string& inputs, const std::string& labels, Index samples) const {
    std::vector<Index> all(static_cast<std::size_t>(samples));
    for (Index i = 0; i < samples; ++i) all[static_cast<std::size_t>(i)] = i;
    Batch batch;
    two_classes(samples).read(all, batch);
    write_bytes(folder_ / inputs, npy(batch.inputs.shape(), batch.inputs.values()));
    write_bytes(folder_ / labels, npy(batch.labels.shape(), batch.labels.values()));
  }

  /// The small run; each override is "path=value".
  Experiment experiment(const std::vector<std::string>& overrides = {}) const {
    return parse_config(kSmallRun, (folder_ / "small.txtpb").string(), overrides);
  }

  RunResult run(const std::string& name, const std::vector<std::string>& overrides = {}) const {
    return run_training(experiment(overrides), {.folder = folder_ / name});
  }
  RunResult resume(const std::string& name, const std::vector<std::string>& overrides = {}) const {
    return run_training(experiment(overrides), {.folder = folder_ / name, .resume = true});
  }
  /// Starts a run, or goes on with one, and stops it after `steps` steps.
  RunResult stop_after(int steps, const std::string& name, const std::vector<std::string>& overrides = {},
                       bool resume = false) const {
    int left = steps;
    return run_training(
        experiment(overrides),
        {.folder = folder_ / name, .resume = resume, .on_progress = {}, .on_notice = {}, .stop_requested = [&] {
           return --left == 0;
         }});
  }

  RunFolder folder(const std::string& name) const { return {folder_ / name}; }

 private:
  TemporaryFolder folder_;
};

}  // namespace dpml
