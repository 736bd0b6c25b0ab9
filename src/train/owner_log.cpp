#include "owner_log.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

void OwnerLog::add(const StepFigures& step) {
  ++steps_;
  samples_ += step.batch_size;
  losses_ += step.mean_loss * static_cast<double>(step.batch_size);
}

void OwnerLog::end_row(std::uint64_t step, double epoch, double seconds, const std::optional<Evaluation>& test) {
  const bool is_new = !std::filesystem::exists(path_);
  std::ofstream file(path_, std::ios::app);
  if (is_new) file << "step,epoch,seconds,mean_batch_size,mean_train_loss,test_loss,test_accuracy\n";
  file << step << ',' << to_text(epoch) << ',' << to_text(seconds) << ','
       << to_text(static_cast<double>(samples_) / static_cast<double>(std::max<Index>(1, steps_))) << ','
       << to_text(samples_ > 0 ? losses_ / static_cast<double>(samples_) : 0) << ',';
  if (test) file << to_text(test->loss);
  file << ',';
  if (test && test->accuracy) file << to_text(*test->accuracy);
  file << '\n';
  file.close();
  if (!file) throw FileError(path_.string() + ": cannot be written: " + std::strerror(errno));
  samples_ = steps_ = 0;
  losses_ = 0;
}

}  // namespace dpml
