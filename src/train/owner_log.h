#pragma once

#include <filesystem>
#include <optional>

#include "dpml/train/evaluate.h"
#include "dpml/train/trainer.h"

namespace dpml {

/// owner/log.csv: what the owner may want to see and nobody else. One row for each epoch; a resumed run appends.
class OwnerLog {
 public:
  OwnerLog() = default;
  explicit OwnerLog(std::filesystem::path path) : path_(std::move(path)) {}

  void add(const StepFigures& step);
  /// Writes a row over the steps added since the last one. Throws FileError when the disk refuses.
  void end_row(std::uint64_t step, double epoch, double seconds, const std::optional<Evaluation>& test);

 private:
  std::filesystem::path path_;
  Index samples_ = 0;
  Index steps_ = 0;
  double losses_ = 0;
};

}  // namespace dpml
