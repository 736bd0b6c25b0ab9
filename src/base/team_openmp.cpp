#include <omp.h>

#include <atomic>
#include <thread>

#include "dpml/base/parallel.h"
#include "team.h"

namespace dpml {

namespace {

/// Where the threads of a region meet. OpenMP's own barrier spins for milliseconds before it sleeps, which on a busy
/// machine takes the core from the very thread that is waited for.
class MeetingPoint {
 public:
  void arrive_and_wait(int threads) {
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
      complete_.store(true, std::memory_order_release);
      complete_.notify_all();
      return;
    }
    for (int turn = 0; turn < kTurns; ++turn) {
      if (complete_.load(std::memory_order_acquire)) return;
      std::this_thread::yield();
    }
    complete_.wait(false, std::memory_order_acquire);
  }

 private:
  static constexpr int kTurns = 200;  // some 50 us when nobody else wants the core

  std::atomic<int> arrived_{0};
  std::atomic<bool> complete_{false};
};

}  // namespace

void run_in_team(int threads, const std::function<void()>& work) {
  MeetingPoint end;
#pragma omp parallel num_threads(threads)
  {
    work();
    end.arrive_and_wait(omp_get_num_threads());
  }
}

const char* parallel_description() {
  return "OpenMP";
}

}  // namespace dpml
