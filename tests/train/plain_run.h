#pragma once

#include <string>
#include <vector>

#include "train/small_run.h"

// The small run without averaging: what it releases is what it learnt last.

namespace dpml {

inline const std::string kPlain = "averaging.decay=0";

/// Overrides of one that begins with the weights of `source`, about which `origin` is stated, or nothing when it is "".
inline std::vector<std::string> after(const RunExample& example, const std::string& source, const std::string& origin) {
  std::vector<std::string> overrides{kPlain, "runtime.initial_model=\"" + (example / source).string() + "\""};
  if (!origin.empty()) overrides.push_back("privacy.initial_weights=" + origin);
  return overrides;
}

inline RunResult stop_after(const RunExample& example, int steps, const std::string& name, StopBasis basis,
                            bool resume = false) {
  int left = steps;
  return run_training(
      example.experiment({kPlain}),
      {.folder = example / name, .resume = resume, .stop_requested = [&] { return --left == 0; }, .stop_basis = basis});
}

}  // namespace dpml
