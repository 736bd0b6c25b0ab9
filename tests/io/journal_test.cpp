#include "dpml/io/journal.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "example_files.h"

namespace dpml {
namespace {

/// A journal with two declarations, a count above one, and seven releases in five lines.
std::string example_journal(const std::filesystem::path& path) {
  const auto journal = JournalFile::create(path, Neighbours::zero_out);
  for (int i = 0; i < 3; ++i) journal->record(example_event(1), 1);
  journal->record(example_event(2), 3);
  journal->record(example_event(2), 1);
  return read_file(path);
}

TEST(Journal, CountsWhatWasRecorded) {
  const TemporaryFolder folder;
  example_journal(folder / "ledger.journal");
  const JournalContents contents = read_journal(folder / "ledger.journal");
  Ledger expected(Neighbours::zero_out);
  expected.append(example_event(1), 3);
  expected.append(example_event(2), 4);
  EXPECT_TRUE(contents.ledger == expected);
  EXPECT_FALSE(contents.had_torn_line);
}

// The seals were computed with Python's hashlib from the description in docs/file_format.md.
TEST(Journal, IsATextThatPeopleCanRead) {
  const TemporaryFolder folder;
  const auto journal = JournalFile::create(folder / "ledger.journal", Neighbours::add_or_remove_one);
  journal->record(Gaussian{1.5}, 1);
  journal->record(Gaussian{1.5}, 20);
  EXPECT_EQ(read_file(folder / "ledger.journal"),
            "dpml ledger journal 2 add_or_remove_one c0b661421579\n"
            "event gaussian { noise_multiplier: 1.5 } 8e15d18d39b5\n"
            "1 1 3bbf6173dc29\n"
            "2 20 b0022a60e6f8\n");
}

const std::string kRecord(64, 'a');

TEST(Journal, KnowsTheModelsThatWereWritten) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "ledger.journal";
  example_journal(path);
  {
    const JournalFile::Reopened reopened = JournalFile::reopen(path);
    reopened.file->record_model(kRecord);
    reopened.file->record_model(kRecord);
    reopened.file->record(example_event(2), 1);
    reopened.file->record_model(kRecord);
  }
  const std::string once = read_file(path);
  JournalFile::reopen(path).file->record_model(kRecord);
  EXPECT_EQ(read_file(path), once) << "says so already";
  const JournalContents contents = read_journal(path);
  EXPECT_EQ(contents.version, 2U);
  EXPECT_EQ(contents.ledger.releases(), 8U);
  ASSERT_EQ(contents.models.size(), 2U);
  EXPECT_EQ(contents.models[0].record, kRecord);
  EXPECT_EQ(contents.models[0].releases, 7U);
  EXPECT_EQ(contents.models[1].releases, 8U);
  for (std::size_t cut = 1; cut < 70; ++cut) {  // a torn line about a model counts nothing
    write_bytes(path, once.substr(0, once.size() - cut));
    EXPECT_EQ(read_journal(path).ledger.releases(), 8U) << cut;
    EXPECT_EQ(read_journal(path).models.size(), 1U) << cut;
  }
}

TEST(Journal, OfVersion1IsReadAndContinued) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "ledger.journal";
  const std::string old =
      "dpml ledger journal 1 add_or_remove_one 3eaaffe0f795\n"
      "event gaussian { noise_multiplier: 1.5 } 211633410035\n"
      "1 1 bc17c5ff3359\n"
      "2 20 66528e9ca8a7\n";
  write_bytes(path, old);
  {
    const JournalFile::Reopened reopened = JournalFile::reopen(path);
    EXPECT_EQ(reopened.contents.version, 1U);
    reopened.file->record_model(kRecord);
    EXPECT_EQ(read_file(path), old) << "version 1 has no such line";
    reopened.file->record(Gaussian{1.5}, 3);
  }
  EXPECT_EQ(read_journal(path).ledger.releases(), 24U);
  EXPECT_TRUE(read_file(path).starts_with(old));
}

TEST(Journal, IsReadLineByLine) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "ledger.journal";
  write_bytes(path, "dpml ledger journal 2 ");
  std::filesystem::resize_file(path, std::uintmax_t{10} << 30);  // zeros, on no disk
  EXPECT_NE(file_error(path, [&] { read_journal(path); }).find("line 1 is longer than any line"), std::string::npos);
  EXPECT_FALSE(is_begun_journal(path));
  write_bytes(path, "dpml ledger journal 3 add_or_remove_one 000000000000\n");
  EXPECT_NE(file_error(path, [&] { read_journal(path); }), "");
}

TEST(Journal, GoesOnWhereItStopped) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "ledger.journal";
  example_journal(path);
  for (int round = 0; round < 3; ++round) {
    const JournalFile::Reopened reopened = JournalFile::reopen(path);
    EXPECT_EQ(reopened.contents.ledger.releases(), 7U + 2U * static_cast<std::uint64_t>(round));
    reopened.file->record(example_event(2), 1);
    reopened.file->record(example_event(1), 1);
    reopened.file->sync();
  }
  EXPECT_EQ(read_journal(path).ledger.releases(), 13U);
  EXPECT_EQ(read_journal(path).ledger.entries().size(), 7U);
}

TEST(Journal, CutAnywhereItCountsAtLeastEveryWholeLine) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "ledger.journal";
  const std::string whole = example_journal(path);
  const std::size_t first_line = whole.find('\n') + 1;
  for (std::size_t size = first_line; size < whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    write_bytes(path, cut.substr(0, cut.rfind('\n') + 1));
    const std::uint64_t in_whole_lines = read_journal(path).ledger.releases();
    write_bytes(path, cut);
    const JournalContents contents = read_journal(path);
    EXPECT_EQ(contents.had_torn_line, cut.back() != '\n');
    EXPECT_GE(contents.ledger.releases(), in_whole_lines) << size;
    EXPECT_LE(contents.ledger.releases(), in_whole_lines + 3) << size;
    {
      const JournalFile::Reopened reopened = JournalFile::reopen(path);
      EXPECT_TRUE(reopened.contents.ledger == contents.ledger);
      EXPECT_TRUE(read_journal(path).ledger == contents.ledger) << "a repaired journal counts what the torn one did";
      reopened.file->record(example_event(3), 1);
    }
    EXPECT_EQ(read_journal(path).ledger.releases(), contents.ledger.releases() + 1);
    EXPECT_FALSE(read_journal(path).had_torn_line);
  }
}

TEST(Journal, ATornReleaseLineCountsAsOneRelease) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "ledger.journal";
  const std::string whole = example_journal(path);
  write_bytes(path, whole.substr(0, whole.size() - 5));
  EXPECT_EQ(read_journal(path).ledger.releases(), 7U);
  write_bytes(path, whole.substr(0, whole.size() - 16));
  EXPECT_EQ(read_journal(path).ledger.releases(), 7U) << "only the line's first digit is left";
  write_bytes(path, whole + std::string(4096, '\0'));
  EXPECT_EQ(read_journal(path).ledger.releases(), 8U) << "a block that lost its bytes when the power failed";
}

TEST(Journal, ADamagedByteIsAnErrorOrCountsNoLess) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "ledger.journal";
  const std::string whole = example_journal(path);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int flip : {0x01, 0x10, 0x0a, 0xff}) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      write_bytes(path, damaged);
      file_error(path, [&] { EXPECT_GE(read_journal(path).ledger.releases(), 7U) << "byte " << i; });
    }
  }
}

TEST(Journal, AMissingOrMovedLineIsAnError) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "ledger.journal";
  const std::string whole = example_journal(path);
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < whole.size(); begin = whole.find('\n', begin) + 1) {
    lines.push_back(whole.substr(begin, whole.find('\n', begin) + 1 - begin));
  }
  ASSERT_EQ(lines.size(), 8U);
  for (std::size_t left_out = 0; left_out + 1 < lines.size(); ++left_out) {
    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i) text += i == left_out ? "" : lines[i];
    write_bytes(path, text);
    EXPECT_NE(file_error(path, [&] { read_journal(path); }), "") << "without line " << left_out;
  }
  write_bytes(path, lines[0] + lines[1] + lines[2] + lines[2]);
  EXPECT_NE(file_error(path, [&] { read_journal(path); }), "");
}

TEST(Journal, RefusesWhatIsNoJournal) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "ledger.journal";
  EXPECT_NE(file_error(path, [&] { read_journal(path); }), "");
  EXPECT_NE(file_error(path, [&] { JournalFile::reopen(path); }), "");
  write_bytes(path, "some text\n");
  EXPECT_NE(file_error(path, [&] { read_journal(path); }).find("expected a ledger journal"), std::string::npos);
  EXPECT_NE(file_error(path, [&] { JournalFile::create(path, Neighbours::zero_out); }).find("must not be lost"),
            std::string::npos);
  EXPECT_EQ(read_file(path), "some text\n");
}

TEST(Journal, NeverOverwritesALedger) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "ledger.journal";
  const std::string whole = example_journal(path);
  EXPECT_NE(file_error(path, [&] { JournalFile::create(path, Neighbours::zero_out); }).find("resume that run"),
            std::string::npos);
  EXPECT_EQ(read_file(path), whole);
}

TEST(Journal, AStartKilledBeforeItsFirstLineMayStartAgain) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "ledger.journal";
  for (const std::string left : {"", "dpml led", "dpml ledger journal 1 zero_out 12"}) {
    write_bytes(path, left);
    EXPECT_NE(file_error(path, [&] { read_journal(path); }).find("remove it to start anew"), std::string::npos);
    JournalFile::create(path, Neighbours::replace_one)->record(example_event(1), 2);
    EXPECT_EQ(read_journal(path).ledger.releases(), 2U);
  }
}

TEST(Journal, OneProcessAtATimeWrites) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "ledger.journal";
  const auto journal = JournalFile::create(path, Neighbours::zero_out);
  EXPECT_NE(file_error(path, [&] { JournalFile::reopen(path); }).find("another process"), std::string::npos);
  EXPECT_EQ(read_journal(path).ledger.releases(), 0U) << "reading is allowed";
}

TEST(Journal, AFullDiskStopsTheReleaseAndLosesNothing) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "ledger.journal";
  const auto journal = JournalFile::create(path, Neighbours::zero_out);
  Ledger ledger(Neighbours::zero_out);
  ledger.set_journal(journal.get());
  ledger.append(example_event(1));
  const std::string before = read_file(path);
  for (const std::size_t room : {0U, 1U, 10U, 16U}) {
    const FullDisk full(before.size() + room);
    EXPECT_NE(file_error(path, [&] { ledger.append(example_event(2)); }).find("must not happen"), std::string::npos);
    EXPECT_EQ(ledger.releases(), 1U);
    EXPECT_EQ(read_file(path), before);
  }
  ledger.append(example_event(2));
  ledger.append(example_event(1));
  EXPECT_TRUE(read_journal(path).ledger == ledger);
}

/// What the child of the next test does: releases without end, each told through the pipe once it was recorded.
[[noreturn]] void release_until_killed(const std::filesystem::path& path, int pipe) {
  const std::array<char, 64> release{};
  try {
    const JournalFile::Reopened reopened = JournalFile::reopen(path);
    for (std::uint64_t i = 0;; ++i) {
      reopened.file->record(example_event(i % 100 < 50 ? 1 : 2), 1);
      if (::write(pipe, release.data(), release.size()) != static_cast<ssize_t>(release.size())) break;
    }
  } catch (const Error&) {
  }
  ::_exit(1);
}

TEST(Journal, KilledAtAnyMomentItHoldsEveryRelease) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "ledger.journal";
  JournalFile::create(path, Neighbours::zero_out);
  std::uint64_t bytes = 0;  // 64 for each release
  for (std::uint64_t round = 1; round <= 20; ++round) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    ::fcntl(ends[0], F_SETPIPE_SZ, 4096);  // the child cannot be far ahead
    const pid_t child = ::fork();
    if (child == 0) release_until_killed(path, ends[1]);
    ::close(ends[1]);
    std::array<char, 4096> told{};
    for (std::uint64_t before = bytes; bytes < before + 64 * 37 * round;) {
      const ssize_t more = ::read(ends[0], told.data(), told.size());
      ASSERT_GT(more, 0) << "the child ended by itself";
      bytes += static_cast<std::uint64_t>(more);
    }
    ::kill(child, SIGKILL);
    for (ssize_t more = 1; more > 0; bytes += static_cast<std::uint64_t>(more)) {
      more = ::read(ends[0], told.data(), told.size());
    }
    ::waitpid(child, nullptr, 0);
    ::close(ends[0]);
    const std::uint64_t counted = read_journal(path).ledger.releases();
    EXPECT_GE(counted, bytes / 64);
    EXPECT_LE(counted, bytes / 64 + 2 * round) << "each kill over-counts at most the release it stopped";
  }
}

TEST(Journal, CoversOnlyItsOwnBeginnings) {
  const Ledger longer = example_ledger();
  EXPECT_TRUE(covers(longer, longer));
  EXPECT_TRUE(covers(longer, Ledger(Neighbours::add_or_remove_one)));
  EXPECT_FALSE(covers(longer, Ledger(Neighbours::zero_out)));
  Ledger begun(Neighbours::add_or_remove_one);
  begun.append(example_event(1.1), 2999);
  EXPECT_TRUE(covers(longer, begun));
  EXPECT_FALSE(covers(begun, longer));
  Ledger elsewhere = begun;
  elsewhere.append(example_event(0.1 + 0.2), 1);
  EXPECT_FALSE(covers(longer, elsewhere)) << "the first entry had ended at another count";
  begun.append(example_event(1.1), 2);
  EXPECT_FALSE(covers(longer, begun)) << "more than there are";
}

}  // namespace
}  // namespace dpml
