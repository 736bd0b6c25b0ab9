#include "dpml/base/parallel.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

namespace dpml {
namespace {

TEST(ParallelFor, CallsEveryNumberOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    for (const std::int64_t count : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> calls(static_cast<std::size_t>(count));
      parallel_for(threads, count, [&](std::int64_t i) { ++calls[static_cast<std::size_t>(i)]; });
      for (const std::atomic<int>& number : calls) EXPECT_EQ(number, 1);
    }
  }
}

TEST(ParallelFor, UsesOtherThreadsWhereItMay) {
  std::atomic<int> inside{0};
  std::atomic<bool> met{false};
  parallel_for(2, 2, [&](std::int64_t) {
    ++inside;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!met && std::chrono::steady_clock::now() < end) {
      if (inside == 2) met = true;
      std::this_thread::yield();
    }
  });
  EXPECT_TRUE(met) << "two bodies never ran at the same time";
}

TEST(ParallelFor, RunsInsideABodyInTheSameThread) {
  parallel_for(4, 8, [&](std::int64_t) {
    const std::thread::id here = std::this_thread::get_id();
    parallel_for(4, 8, [&](std::int64_t) { EXPECT_EQ(std::this_thread::get_id(), here); });
  });
}

TEST(ParallelFor, ThrowsTheExceptionOfTheLowestNumberAfterAllOthersRan) {
  for (const int threads : {1, 4}) {
    std::atomic<int> ran{0};
    try {
      parallel_for(threads, 100, [&](std::int64_t i) {
        ++ran;
        if (i % 10 == 3) throw std::runtime_error(std::to_string(i));
      });
      FAIL();
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "3");
    }
    EXPECT_EQ(ran, 100);
  }
}

TEST(ParallelFor, MayBeCalledFromSeveralThreadsAtOnce) {
  std::vector<std::int64_t> sums(4);
  std::vector<std::thread> callers;
  for (std::int64_t& sum : sums) {
    callers.emplace_back([&sum] {
      for (int repeat = 0; repeat < 200; ++repeat) {
        std::atomic<std::int64_t> total{0};
        parallel_for(3, 10, [&](std::int64_t i) { total += i; });
        sum += total;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (const std::int64_t sum : sums) EXPECT_EQ(sum, 200 * 45);
}

// Threads that spin while they wait take the cores from those who work. 20 teams in which one body sleeps 5 ms: 100 ms
// pass, of which spinning would take the process 100 ms and more; bodies and wake-ups take about 2.
TEST(ParallelFor, WaitsWithoutUsingTheProcessor) {
  parallel_for(2, 2, [](std::int64_t) {});  // threads are there
  const std::clock_t before = std::clock();
  for (int team = 0; team < 20; ++team) {
    parallel_for(2, 2, [](std::int64_t i) {
      if (i == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    });
  }
  const double used = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  EXPECT_LT(used, 0.05);
}

TEST(AvailableCores, AreThoseThatTheProcessMayUse) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(available_cores(), CPU_COUNT(&before));
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int core = 0; core < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++core) {
    if (CPU_ISSET(core, &before)) CPU_SET(core, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(available_cores(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
}

TEST(ThreadsWorth, LittleWorkIsForOneThread) {
  EXPECT_EQ(threads_worth(0, 8), 1);
  EXPECT_EQ(threads_worth(29e-6, 8), 1);
  EXPECT_EQ(threads_worth(1, 8), 8);
  EXPECT_EQ(threads_worth(1e300, 8), 8);
  EXPECT_EQ(threads_worth(1, 0), 1);
}

constexpr double kStep = 200e-6;  // of one core

TEST(ThreadGauge, TakesAllThreadsWhereTheyPay) {
  ThreadGauge gauge;
  EXPECT_EQ(gauge.threads_for(0, 4), 4) << "nothing is known";
  EXPECT_EQ(gauge.threads_for(kStep, 2), 2);
  EXPECT_EQ(gauge.threads_for(10e-6, 4), 1) << "little work";
  for (int round = 0; round < 1000; ++round) {
    gauge.took(2, round % 10 == 0 ? 10 * kStep : 0.6 * kStep, kStep);
    EXPECT_EQ(gauge.threads_for(kStep, 2), 2) << "one slow round is chance";
    EXPECT_EQ(gauge.most(8), 8);
  }
}

TEST(ThreadGauge, OneThreadWorksWhileTheOthersWaitForCores) {
  ThreadGauge gauge;
  int several = 0;
  for (int round = 0; round < 400; ++round) {
    const int threads = gauge.threads_for(kStep, 2);
    several += threads > 1 ? 1 : 0;
    gauge.took(threads, threads > 1 ? 20 * kStep : kStep, kStep);
  }
  EXPECT_LE(several, 7);
  EXPECT_EQ(gauge.most(8), 1);
  // The machine is idle again: soon all threads work, and stay.
  int rounds = 0;
  while (gauge.threads_for(kStep, 2) == 1) {
    gauge.took(1, kStep, kStep);
    ++rounds;
  }
  EXPECT_LE(rounds, 1024);
  for (int round = 0; round < 10; ++round) {
    gauge.took(2, 0.6 * kStep, kStep);
    EXPECT_EQ(gauge.threads_for(kStep, 2), 2);
  }
}

}  // namespace
}  // namespace dpml
