#pragma once

#include <cstdint>
#include <functional>

namespace dpml {

/// Processor cores that this process may use, 1 or more.
int available_cores();

/// So many of `threads` as are worth waking for work that takes one core so long.
int threads_worth(double seconds, int threads);

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
