#include "dpml/base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>

#include "team.h"

namespace dpml {

namespace {

// Waking a thread and waiting for it takes some 5 us on an idle machine, and a turn of the scheduler, milliseconds, on
// a busy one.
constexpr double kSecondsWorthAThread = 100e-6;

thread_local bool inside = false;

/// The exception of the lowest number.
class FirstError {
 public:
  void keep(std::int64_t number) {
    const std::scoped_lock lock(mutex_);
    if (number >= number_) return;
    number_ = number;
    error_ = std::current_exception();
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::int64_t number_ = std::numeric_limits<std::int64_t>::max();
  std::exception_ptr error_;
};

}  // namespace

int available_cores() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return std::max(1, CPU_COUNT(&allowed));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));  // more cores than a cpu_set_t holds
}

int threads_worth(double seconds, int threads) {
  return std::clamp(static_cast<int>(std::min(seconds / kSecondsWorthAThread, 1e6)), 1, std::max(threads, 1));
}

void parallel_for(int threads, std::int64_t count, const std::function<void(std::int64_t)>& body) {
  FirstError error;
  std::atomic<std::int64_t> next{0};
  const auto work = [&] {
    const bool before = inside;
    inside = true;
    for (std::int64_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
      try {
        body(i);
      } catch (...) {
        error.keep(i);
      }
    }
    inside = before;
  };
  const auto team = static_cast<int>(std::min<std::int64_t>(threads, count));
  if (team > 1 && !inside) {
    run_in_team(team, work);
  } else {
    work();
  }
  error.rethrow();
}

}  // namespace dpml
