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

constexpr double kSecondsWorthAThread = 15e-6;  // waking a thread and waiting for it takes 2 to 5 us
constexpr int kSlowRounds = 2;                  // one may be chance

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

int ThreadGauge::threads_for(double seconds, int threads) const {
  return seconds > 0 ? threads_worth(seconds, most(threads)) : most(threads);
}

void ThreadGauge::took(int threads, double seconds, double processor_seconds) {
  if (threads == 1) {
    alone_ = std::max(0, alone_ - 1);
    return;
  }
  if (seconds <= processor_seconds) {
    slow_ = 0;
    pause_ = std::max(kShortestPause, pause_ / 2);
    return;
  }
  if (++slow_ < kSlowRounds) return;
  slow_ = kSlowRounds - 1;  // when several are tried again, one slow round is enough
  alone_ = pause_;
  pause_ = std::min(kLongestPause, 2 * pause_);
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
