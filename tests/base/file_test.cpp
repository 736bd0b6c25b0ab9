#include "dpml/base/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "base/expect_error.h"
#include "dpml/base/error.h"

namespace dpml {
namespace {

namespace fs = std::filesystem;

/// A folder of its own for every test.
class File : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "dpml-file-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) found.push_back(entry.path().filename());
    return found;
  }

  fs::path folder_;
};

TEST_F(File, ReadsBackTheBytesThatWereWritten) {
  const std::string bytes("line\r\n\0\xff end", 12);
  replace_file(folder_ / "a", bytes);
  EXPECT_EQ(read_file(folder_ / "a"), bytes);
  replace_file(folder_ / "a", "");
  EXPECT_EQ(read_file(folder_ / "a"), "");
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
}

TEST_F(File, IsReplacedAsAWhole) {
  replace_file(folder_ / "a", "a long old content");
  replace_file(folder_ / "a", "new");
  EXPECT_EQ(read_file(folder_ / "a"), "new");
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
}

TEST_F(File, MayStandInTheWorkingFolder) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  replace_file("a", "here");
  fs::current_path(before);
  EXPECT_EQ(read_file(folder_ / "a"), "here");
}

TEST_F(File, KeepsItsContentWhenTheWriterThrows) {
  replace_file(folder_ / "a", "old");
  expect_error<ConfigError>("half way", [&] {
    replace_file(folder_ / "a", [](const fs::path& temporary) {
      std::ofstream(temporary) << "half";
      throw ConfigError("half way");
    });
  });
  EXPECT_EQ(read_file(folder_ / "a"), "old");
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
}

TEST_F(File, KeepsItsContentWhenTheWriterWritesNothing) {
  replace_file(folder_ / "a", "old");
  expect_error<FileError>("cannot be opened", [&] { replace_file(folder_ / "a", [](const fs::path&) {}); });
  EXPECT_EQ(read_file(folder_ / "a"), "old");
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
}

TEST_F(File, ShowsTheOldContentUntilTheNewOneIsComplete) {
  replace_file(folder_ / "a", "old");
  replace_file(folder_ / "a", [&](const fs::path& temporary) {
    EXPECT_EQ(temporary.parent_path(), folder_);  // renaming across disks would not be one step
    std::ofstream(temporary) << "new";
    EXPECT_EQ(read_file(folder_ / "a"), "old");
  });
  EXPECT_EQ(read_file(folder_ / "a"), "new");
}

// A limit on the size of files stands for the full disk: the write stops half way with an error of the system.
TEST_F(File, KeepsItsContentWhenTheDiskTakesNoMore) {
  replace_file(folder_ / "a", "old");
  const std::string large(1 << 20, 'x');
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 1000;
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  expect_error<FileError>("a: cannot be written", [&] { replace_file(folder_ / "a", large); });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(read_file(folder_ / "a"), "old");
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
}

TEST_F(File, OfAKilledProcessIsSweptUp) {
  for (const char* name : {"a", "a.tmp-12345", "a.tmp-7", "b.tmp-7"}) replace_file(folder_ / name, "left");
  remove_leftovers(folder_ / "a");
  std::vector<std::string> left = names();
  std::sort(left.begin(), left.end());
  EXPECT_EQ(left, (std::vector<std::string>{"a", "b.tmp-7"}));
}

TEST_F(File, LeavesNothingBehindWhenAFolderIsInItsPlace) {
  fs::create_directories(folder_ / "a" / "b");
  expect_error<FileError>("a: cannot be replaced", [&] { replace_file(folder_ / "a", "new"); });
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
}

TEST_F(File, IsNeverPutInThePlaceOfADevice) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  fs::create_symlink("pipe", folder_ / "link");
  for (const char* name : {"pipe", "link"}) {
    expect_error<FileError>(std::string(name) + ": cannot be replaced: it is a device or a pipe",
                            [&] { replace_file(folder_ / name, "new"); });
    EXPECT_TRUE(fs::is_fifo(folder_ / name));
  }
  expect_error<FileError>("has no name", [] { replace_file("", "new"); });
}

TEST_F(File, ThatCannotBeReadOrWrittenIsNamed) {
  expect_error<FileError>("absent: cannot be opened: No such file", [&] { read_file(folder_ / "absent"); });
  expect_error<FileError>("expected a file, found a folder", [&] { read_file(folder_); });
  expect_error<FileError>("absent/a: cannot be written", [&] { replace_file(folder_ / "absent" / "a", "new"); });
}

}  // namespace
}  // namespace dpml
