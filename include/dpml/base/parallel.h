#pragma once

#include <cstdint>
#include <functional>

namespace dpml {

/// Processor cores that this process may use, 1 or more.
int available_cores();

/// So many of `threads` as are worth waking for work that takes one core so long.
int threads_worth(double seconds, int threads);

/// How many threads pay for work that is done again and again. On a busy machine a thread that is waited for may wait
/// for a core itself, for milliseconds; then small work is done sooner by one thread alone.
class ThreadGauge {
 public:
  /// So many of `threads` as shall do the next round, which takes one core about `seconds`; 0: not known yet.
  int threads_for(double seconds, int threads) const;
  /// 1 while others use the cores; for what comes between rounds.
  int most(int threads) const { return alone_ > 0 ? 1 : threads; }
  /// Tells how long the last round took by the clock, and what processor time its threads used in all.
  void took(int threads, double seconds, double processor_seconds);

 private:
  int slow_ = 0;   // rounds on end in which several threads took longer than one would have
  int alone_ = 0;  // rounds to do in one thread before several are tried again
  int pause_ = kShortestPause;

  static constexpr int kShortestPause = 16;  // rounds
  static constexpr int kLongestPause = 1024;
};

/// Calls body(0), ..., body(count - 1), each once, in the calling thread and up to threads - 1 others; which thread
/// takes which number is not fixed, so bodies must not care. Returns when all have ended; waiting gives the core to
/// others. Inside a body, and for one thread, everything runs in the calling thread. When bodies throw, the exception
/// of the lowest number that threw is thrown here, after all others have run.
///
/// Behind it are OpenMP or dpml's own pool of threads (CMake option DPML_THREADS).
void parallel_for(int threads, std::int64_t count, const std::function<void(std::int64_t)>& body);

/// "OpenMP" or "dpml's own threads".
const char* parallel_description();

}  // namespace dpml
