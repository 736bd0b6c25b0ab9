#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "dpml/base/parallel.h"
#include "team.h"

namespace dpml {

namespace {

/// Threads that sleep until a team needs them; as many as the largest team so far. One team at a time has them: who
/// comes while they are taken works alone.
class Pool {
 public:
  ~Pool() {
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void run(int threads, const std::function<void()>& work) {
    const std::unique_lock team(team_, std::try_to_lock);
    if (!team) return work();
    {
      const std::scoped_lock lock(mutex_);
      while (static_cast<int>(threads_.size()) < threads - 1) threads_.emplace_back([this] { serve(); });
      work_ = &work;
      wanted_ = running_ = threads - 1;
    }
    wake_.notify_all();
    work();
    std::unique_lock lock(mutex_);
    running_ -= std::exchange(wanted_, 0);  // who has not begun is not needed any more
    done_.wait(lock, [this] { return running_ == 0; });
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return ending_ || wanted_ > 0; });
      if (ending_) return;
      --wanted_;
      const std::function<void()>& work = *work_;
      lock.unlock();
      work();
      lock.lock();
      if (--running_ == 0) done_.notify_one();
    }
  }

  std::mutex team_;   // held by the team that has the threads
  std::mutex mutex_;  // of all that follows
  std::condition_variable wake_;
  std::condition_variable done_;
  std::vector<std::thread> threads_;
  const std::function<void()>* work_ = nullptr;
  int wanted_ = 0;   // threads that should still begin
  int running_ = 0;  // threads that should begin or have not ended
  bool ending_ = false;
};

}  // namespace

void run_in_team(int threads, const std::function<void()>& work) {
  static Pool pool;
  pool.run(threads, work);
}

const char* parallel_description() {
  return "dpml's own threads";
}

}  // namespace dpml
