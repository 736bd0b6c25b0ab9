#pragma once

#include <cstdint>
#include <string>

#include "dpml/train/run.h"

namespace dpml::tools {

/// How far a run is, in at most `columns` letters: "epoch 1.20  step 7/10 ...". What says least is left out first.
std::string progress_text(const RunProgress& progress, std::size_t columns);

/// One line on standard error, written over in a terminal and never wider than it is; elsewhere a new line every ten
/// seconds, so that logs stay short.
class ProgressLine {
 public:
  ProgressLine();
  void operator()(const RunProgress& progress);
  void end();

 private:
  bool terminal_;
  bool open_ = false;
  std::uint64_t next_step_ = 0;
};

}  // namespace dpml::tools
