#pragma once

#include <omp.h>

namespace dpml {

/// While it lives, OpenMP code called from this thread starts no other threads. Libraries look only at omp_in_parallel,
/// which is false inside a region of one thread: there they would use all cores, and round differently.
class OneThread {
 public:
  OneThread() : before_(omp_in_parallel() != 0 ? 1 : omp_get_max_threads()) {
    if (before_ > 1) omp_set_num_threads(1);
  }
  ~OneThread() {
    if (before_ > 1) omp_set_num_threads(before_);
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace dpml
