// Runs that are killed, that lose files, or whose disk is full.

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "base/expect_error.h"
#include "dpml/audit/audit.h"
#include "dpml/base/file.h"
#include "dpml/io/journal.h"
#include "train/small_run.h"

namespace dpml {
namespace {

using Clock = std::chrono::steady_clock;

/// A number that a child process counts up and its parent reads, also after the child's death.
class SharedCounter {
 public:
  SharedCounter()
      : count_(static_cast<int*>(
            ::mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  ~SharedCounter() { ::munmap(count_, sizeof(int)); }
  SharedCounter(const SharedCounter&) = delete;
  SharedCounter& operator=(const SharedCounter&) = delete;

  void count_up() const { *const_cast<volatile int*>(count_) = *count_ + 1; }
  std::uint64_t value() const { return static_cast<std::uint64_t>(*const_cast<volatile int*>(count_)); }

 private:
  int* count_;
};

/// Runs, or goes on with, a run in a child process and kills it after `patience`. True when the child was faster.
bool run_unless_killed(const Experiment& experiment, const RunFolder& folder, const SharedCounter& steps,
                       Clock::duration patience) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      run_training(experiment, {.folder = folder.path,
                                .resume = std::filesystem::exists(folder.checkpoint()),
                                .on_progress = {},
                                .on_notice = {},
                                .stop_requested = [&steps] {
                                  steps.count_up();
                                  return false;
                                }});
      ::_exit(0);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      ::_exit(1);
    }
  }
  const auto deadline = Clock::now() + patience;
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (Clock::now() >= deadline) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  if (WIFSIGNALED(status)) return false;
  EXPECT_EQ(WEXITSTATUS(status), 0) << "the run failed where it should have gone on";
  return true;
}

std::uint64_t journalled(const RunFolder& folder) {
  try {
    return std::filesystem::exists(folder.journal()) ? read_journal(folder.journal()).ledger.releases() : 0;
  } catch (const FileError& error) {
    EXPECT_NE(std::string(error.what()).find("never begun"), std::string::npos) << error.what();
    return 0;
  }
}

/// Kills a run again and again, at moments spread over the time that an undisturbed one takes, until it ends.
/// Returns the number of kills.
int kill_until_it_ends(const RunExample& example, const std::string& name, const Experiment& experiment,
                       Clock::duration whole_run, Rng& rng) {
  const RunFolder folder = example.folder(name);
  const SharedCounter steps;
  for (int kills = 0;; ++kills) {
    const auto patience = kills < 20 ? std::chrono::duration_cast<Clock::duration>(whole_run * rng.uniform(0, 0.5))
                                     : Clock::duration(std::chrono::minutes(5));
    const bool ended = run_unless_killed(experiment, folder, steps, patience);
    EXPECT_GE(journalled(folder), steps.value()) << "the journal counts less than was released, after kill " << kills;
    if (testing::Test::HasFailure()) return kills;
    if (!ended) continue;
    const ModelFile model = read_model_file(folder.model());
    EXPECT_EQ(model.ledger.releases(), 30U);
    EXPECT_GE(model.ledger.releases(), steps.value());
    // A kill between the checkpoint of a step and its count keeps the step but not the count.
    EXPECT_LE(model.steps, steps.value() + static_cast<std::uint64_t>(kills));
    EXPECT_LE(model.steps, model.ledger.releases());
    EXPECT_LE(model.claim.epsilon, 4);
    EXPECT_TRUE(audit(folder.path).passed());
    return kills;
  }
}

TEST(KilledRun, GoesOnAndCountsEveryRelease) {
  const RunExample example;
  Rng rng(Key::from_seed(77), Purpose::data);
  const auto start = Clock::now();
  const SharedCounter undisturbed;
  ASSERT_TRUE(run_unless_killed(example.experiment(), example.folder("whole"), undisturbed, std::chrono::minutes(5)));
  EXPECT_EQ(undisturbed.value(), 30U);
  const auto whole_run = Clock::now() - start;
  int kills = 0;
  // More of them where the machine is so busy that runs end before they are killed.
  for (int run = 0; run < 6 || (kills <= 5 && run < 60); ++run) {
    SCOPED_TRACE("run " + std::to_string(run));
    // A checkpoint after every step; or none but the first, so that each kill loses all updates of its part.
    const std::string checkpoint = run % 3 == 2 ? "60" : "0";
    const Experiment experiment = example.experiment({"runtime.checkpoint_every_seconds=" + checkpoint});
    kills += kill_until_it_ends(example, "run" + std::to_string(run), experiment, whole_run, rng);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(kills, 5) << "too few kills to say anything";
}

TEST(KilledRun, BeforeItsJournalWasBegunCanGoOn) {
  const RunExample example;
  const Experiment experiment = example.experiment({"runtime.checkpoint_every_seconds=60"});
  for (const std::string journal : {"(none)", "", "dpml ledger jour"}) {
    SCOPED_TRACE("journal: " + journal);
    // What is there between the first checkpoint and the first line of the journal.
    const RunFolder folder = example.folder("run " + journal);
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        run_training(experiment, {.folder = folder.path,
                                  .resume = false,
                                  .on_progress = {},
                                  .on_notice = {},
                                  .stop_requested = []() -> bool { ::_exit(0); }});
      } catch (...) {
      }
      ::_exit(1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_EQ(status, 0);
    // The child ended before it saved its first step, so the checkpoint is the one of the start.
    if (journal == "(none)") {
      std::filesystem::remove(folder.journal());
    } else {
      write_bytes(folder.journal(), journal);
    }
    EXPECT_EQ(example.resume("run " + journal).releases, 30U);
  }
}

TEST(ResumedRun, RefusesAJournalThatCountsLessThanTheCheckpoint) {
  const RunExample example;
  example.stop_after(10, "run");
  const RunFolder folder = example.folder("run");
  const std::string journal = read_file(folder.journal());
  const std::string model = read_file(folder.model());
  const auto expect_refusal = [&]<class E>(E*, const std::string& content, const std::string& part) {
    write_bytes(folder.journal(), content);
    expect_error<E>(part, [&] { example.resume("run"); });
    expect_error<E>("ledger.journal", [&] { example.resume("run"); });
    EXPECT_EQ(read_file(folder.model()), model);
  };
  std::size_t ninth_line = 0;
  for (int line = 0; line < 9; ++line) ninth_line = journal.find('\n', ninth_line) + 1;
  expect_refusal(static_cast<PrivacyError*>(nullptr), journal.substr(0, ninth_line), "counts less");
  expect_refusal(static_cast<PrivacyError*>(nullptr), "", "missing or was never begun");
  std::string changed = journal;
  changed[ninth_line] = changed[ninth_line] == '1' ? '2' : '1';
  expect_refusal(static_cast<FileError*>(nullptr), changed, "damaged");
  std::string shorter = journal;
  shorter.erase(ninth_line, journal.find('\n', ninth_line) + 1 - ninth_line);
  expect_refusal(static_cast<FileError*>(nullptr), shorter, "a line before it is gone");
  expect_refusal(static_cast<FileError*>(nullptr), "something else\n", "expected a ledger journal");
  std::filesystem::remove(folder.journal());
  expect_error<PrivacyError>("missing", [&] { example.resume("run"); });
  write_bytes(folder.journal(), journal);
  EXPECT_EQ(example.resume("run").releases, 30U);
}

TEST(ResumedRun, RefusesTheJournalOfAnotherRun) {
  const RunExample example;
  example.stop_after(10, "run");
  example.stop_after(12, "other", {"privacy.target_epsilon=40"});
  std::filesystem::copy_file(example.folder("other").journal(), example.folder("run").journal(),
                             std::filesystem::copy_options::overwrite_existing);
  expect_error<PrivacyError>("belongs to another run", [&] { example.resume("run"); });
}

TEST(ResumedRun, CountsATornLineAndWhatWasReleasedAfterTheCheckpoint) {
  const RunExample example;
  example.stop_after(10, "run");
  const RunFolder folder = example.folder("run");
  {
    JournalFile::Reopened journal = JournalFile::reopen(folder.journal());
    journal.file->record(journal.contents.ledger.entries().at(0).event, 3);
  }
  write_bytes(folder.journal(), read_file(folder.journal()) + "12");
  std::string notice;
  const RunResult result =
      run_training(example.experiment(), {.folder = folder.path,
                                          .resume = true,
                                          .on_progress = {},
                                          .on_notice = [&](const std::string& sentence) { notice += sentence; },
                                          .stop_requested = {}});
  EXPECT_EQ(result.releases, 30U);
  EXPECT_EQ(result.steps, 26U);
  EXPECT_TRUE(result.finished);
  EXPECT_LE(result.guarantee.epsilon, 4);
  EXPECT_NE(notice.find("4 releases"), std::string::npos) << notice;
  EXPECT_TRUE(audit(folder.path).passed());
}

TEST(ResumedRun, RefusesADamagedCheckpoint) {
  const RunExample example;
  example.stop_after(10, "run");
  const RunFolder folder = example.folder("run");
  const std::string checkpoint = read_file(folder.checkpoint());
  for (const std::size_t length : {std::size_t{0}, std::size_t{100}, checkpoint.size() / 2, checkpoint.size() - 1}) {
    write_bytes(folder.checkpoint(), checkpoint.substr(0, length));
    expect_error<FileError>("checkpoint.h5", [&] { example.resume("run"); });
  }
  std::filesystem::copy_file(folder.model(), folder.checkpoint(), std::filesystem::copy_options::overwrite_existing);
  expect_error<FileError>("dpml checkpoint", [&] { example.resume("run"); });
  std::filesystem::remove(folder.checkpoint());
  expect_error<ConfigError>("there is no run to resume", [&] { example.resume("run"); });
  write_bytes(folder.checkpoint(), checkpoint);
  EXPECT_EQ(example.resume("run").releases, 30U);
}

TEST(RunOnAFullDisk, LeavesNothingWhenItCannotBegin) {
  const RunExample example;
  const Experiment experiment = example.experiment();
  {
    const FullDisk full(2000);
    expect_error<FileError>("checkpoint.h5", [&] { run_training(experiment, {.folder = example / "run"}); });
  }
  EXPECT_TRUE(std::filesystem::is_empty(example.folder("run").owner()));
  EXPECT_EQ(example.run("run").releases, 30U);
}

TEST(RunOnAFullDisk, KeepsItsFilesAndGoesOnWhenThereIsRoomAgain) {
  const RunExample example;
  // 2,000 bytes hold the journal but no checkpoint; 300 bytes hold only a part of the journal.
  struct Case {
    rlim_t bytes;
    std::string checkpoint_every;
    std::string refused;
  };
  for (const Case& disk : {Case{2000, "0", "checkpoint.h5"}, Case{300, "60", "ledger.journal"}}) {
    const RunFolder folder = example.folder(disk.refused);
    const std::string checkpoints = "runtime.checkpoint_every_seconds=" + disk.checkpoint_every;
    const Experiment experiment = example.experiment({checkpoints});
    example.stop_after(5, disk.refused, {checkpoints});
    const std::string checkpoint = read_file(folder.checkpoint());
    const std::string model = read_file(folder.model());
    std::optional<FullDisk> full;
    std::uint64_t steps = 5;
    expect_error<FileError>(disk.refused, [&] {
      run_training(experiment,
                   {.folder = folder.path, .resume = true, .on_progress = {}, .on_notice = {}, .stop_requested = [&] {
                      ++steps;
                      if (!full) full.emplace(disk.bytes);
                      return false;
                    }});
    });
    full.reset();
    EXPECT_EQ(read_file(folder.model()), model);
    if (disk.checkpoint_every != "0") {
      EXPECT_EQ(read_file(folder.checkpoint()), checkpoint);
    }
    const std::uint64_t counted = read_journal(folder.journal()).ledger.releases();
    EXPECT_GE(counted, steps);
    const RunResult result = example.resume(disk.refused, {"runtime.checkpoint_every_seconds=60"});
    EXPECT_TRUE(result.finished);
    EXPECT_EQ(result.releases, 30U);
    EXPECT_LT(result.steps, 30U);
    EXPECT_TRUE(audit(folder.path).passed());
  }
}

}  // namespace
}  // namespace dpml
