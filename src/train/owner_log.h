#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "dpml/train/evaluate.h"
#include "dpml/train/trainer.h"

namespace dpml {

/// owner/log.csv: what the owner may want to see and nobody else. One row for each epoch, and one for the part of an
/// epoch at the end of training or of a part of it; a resumed run appends.
class OwnerLog {
 public:
  OwnerLog() = default;
  explicit OwnerLog(std::filesystem::path path) : path_(std::move(path)) {}

  void add(const StepFigures& step);
  bool has_steps() const { return steps_ > 0; }  ///< since the last row
  /// Writes a row over the steps added since the last one. Throws FileError when the disk refuses.
  void end_row(std::uint64_t step, double epoch, double seconds, const std::optional<Evaluation>& test);

 private:
  std::filesystem::path path_;
  Index samples_ = 0;
  Index steps_ = 0;
  Index not_finite_ = 0;
  double losses_ = 0;
};

/// What became of the rows of a file, or a pair of files.
struct RowsOfData {
  std::string name;  ///< "train" or "test"
  RowCounts used;    ///< the samples
  Index in_file = 0;
};

/// owner/rows.csv, so that no row is left out unseen: how many there were, were dropped, and are not finite.
std::string rows_table(std::span<const RowsOfData> data);

}  // namespace dpml
