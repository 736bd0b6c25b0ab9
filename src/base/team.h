#pragma once

#include <functional>

namespace dpml {

/// Runs `work` in the calling thread and, at the same time, in up to threads - 1 others, and returns when all have
/// returned from it. `work` must not throw, must do all that there is to do even when it runs once, and does not call
/// run_in_team. One source file for each choice of DPML_THREADS.
void run_in_team(int threads, const std::function<void()>& work);

}  // namespace dpml
