#include "owner_log.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

/// All of the text or, when the disk takes no more, none of it.
void append_whole(const std::filesystem::path& path, const std::string& text) {
  std::error_code ignored;
  const bool is_new = !std::filesystem::exists(path);
  const std::uintmax_t size = is_new ? 0 : std::filesystem::file_size(path, ignored);
  if (is_new) make_private_file(path);
  errno = 0;
  std::ofstream file(path, std::ios::app);
  file << text;
  file.close();
  if (file) return;
  const std::string reason = std::strerror(errno);
  if (is_new) {
    std::filesystem::remove(path, ignored);
  } else if (!ignored) {
    std::filesystem::resize_file(path, size, ignored);
  }
  throw FileError(path.string() + ": cannot be written: " + reason);
}

}  // namespace

void OwnerLog::add(const StepFigures& step) {
  ++steps_;
  samples_ += step.batch_size;
  not_finite_ += step.not_finite;
  losses_ += step.mean_loss * static_cast<double>(step.batch_size - step.not_finite);
}

void OwnerLog::end_row(std::uint64_t step, double epoch, double seconds, const std::optional<Evaluation>& test) {
  std::string row;
  if (!std::filesystem::exists(path_)) {
    row = "step,epoch,seconds,mean_batch_size,mean_train_loss,test_loss,test_accuracy,samples_without_finite_loss\n";
  }
  const Index finite = samples_ - not_finite_;
  row += std::to_string(step) + "," + to_text(epoch) + "," + to_text(seconds) + "," +
         to_text(static_cast<double>(samples_) / static_cast<double>(std::max<Index>(1, steps_))) + "," +
         to_text(finite > 0 ? losses_ / static_cast<double>(finite) : 0) + ",";
  if (test) row += to_text(test->loss);
  row += ",";
  if (test && test->accuracy) row += to_text(*test->accuracy);
  row += "," + std::to_string(not_finite_);
  append_whole(path_, row + "\n");
  samples_ = steps_ = not_finite_ = 0;
  losses_ = 0;
}

std::string rows_table(std::span<const RowsOfData> data) {
  std::string table = "data,rows,dropped_rows,rows_with_non_finite_inputs\n";
  for (const RowsOfData& rows : data) {
    table += rows.name + "," + std::to_string(rows.in_file) + "," + std::to_string(rows.in_file - rows.used.rows) +
             "," + std::to_string(rows.used.not_finite) + "\n";
  }
  return table;
}

}  // namespace dpml
