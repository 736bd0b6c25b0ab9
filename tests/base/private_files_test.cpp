#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "base/expect_error.h"
#include "dpml/base/error.h"
#include "dpml/base/file.h"

namespace dpml {
namespace {

namespace fs = std::filesystem;

unsigned rights(const fs::path& path) {
  struct stat about {};
  EXPECT_EQ(::stat(path.c_str(), &about), 0) << path;
  return about.st_mode & 0777U;
}

/// A folder of its own for every test, made with the usual mask.
class PrivateFiles : public testing::Test {
 protected:
  void SetUp() override {
    mask_ = ::umask(022);
    std::string pattern = (fs::temp_directory_path() / "dpml-private-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    fs::permissions(folder_, fs::perms(0755));
  }
  void TearDown() override {
    fs::remove_all(folder_);
    ::umask(mask_);
  }

  mode_t mask_ = 0;
  fs::path folder_;
};

TEST_F(PrivateFiles, AFolderIsClosedFromTheStart) {
  EXPECT_TRUE(make_private_folder(folder_ / "a" / "owner"));
  EXPECT_EQ(rights(folder_ / "a"), 0755U);
  EXPECT_EQ(rights(folder_ / "a" / "owner"), 0700U);
  EXPECT_TRUE(make_private_folder(folder_ / "a" / "owner"));
}

TEST_F(PrivateFiles, AnOpenFolderIsClosedWithAllThatIsInIt) {
  fs::create_directory(folder_ / "owner");
  std::ofstream(folder_ / "owner" / "log.csv") << "1";
  std::ofstream(folder_ / "outside") << "1";
  fs::create_symlink(folder_ / "outside", folder_ / "owner" / "link");
  EXPECT_FALSE(make_private_folder(folder_ / "owner"));
  EXPECT_EQ(rights(folder_ / "owner"), 0700U);
  EXPECT_EQ(rights(folder_ / "owner" / "log.csv"), 0600U);
  EXPECT_EQ(rights(folder_ / "outside"), 0644U) << "a link leads to what is not ours";
  EXPECT_TRUE(make_private_folder(folder_ / "owner"));
}

TEST_F(PrivateFiles, AFileHasNoRightThatItsFolderDoesNotGive) {
  replace_file(folder_ / "model.h5", "for all");
  EXPECT_EQ(rights(folder_ / "model.h5"), 0644U);
  make_private_folder(folder_ / "owner");
  // Somebody looks all the time: the file must be closed at every moment, its temporary form, too.
  std::atomic<bool> done = false;
  std::atomic<unsigned> seen = 0;
  std::thread watcher([&] {
    while (!done) {
      std::error_code ignored;
      for (const auto& entry : fs::directory_iterator(folder_ / "owner", ignored)) {
        struct stat about {};
        if (::stat(entry.path().c_str(), &about) == 0) seen |= about.st_mode & 0077U;
      }
    }
  });
  for (int i = 0; i < 200; ++i) replace_file(folder_ / "owner" / "checkpoint.h5", std::string(100000, 'x'));
  done = true;
  watcher.join();
  EXPECT_EQ(seen, 0U);
  EXPECT_EQ(rights(folder_ / "owner" / "checkpoint.h5"), 0600U);
  std::ofstream(folder_ / "owner" / "log.csv") << "open";
  make_private_file(folder_ / "owner" / "log.csv");
  EXPECT_EQ(rights(folder_ / "owner" / "log.csv"), 0600U);
  EXPECT_EQ(read_file(folder_ / "owner" / "log.csv"), "open");
  make_private_file(folder_ / "owner" / "new");
  EXPECT_EQ(rights(folder_ / "owner" / "new"), 0600U);
}

TEST_F(PrivateFiles, WhatIsNoFolderIsSaid) {
  std::ofstream(folder_ / "owner") << "1";
  expect_error<FileError>("owner: the folder cannot be made", [&] { make_private_folder(folder_ / "owner"); });
  expect_error<FileError>("the folder cannot be made", [] { make_private_folder("/proc/dpml/owner"); });
}

TEST_F(PrivateFiles, OnlyRegularFilesOfBelievableSizeAreReadWhole) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  expect_error<FileError>("found a device or a pipe", [&] { read_file(folder_ / "pipe"); });
  expect_error<FileError>("found a device or a pipe", [] { read_file("/dev/zero"); });
  std::ofstream(folder_ / "sparse") << "1";
  fs::resize_file(folder_ / "sparse", std::uintmax_t{10} << 30);
  expect_error<FileError>("is longer than 256.0 MiB", [&] { read_file(folder_ / "sparse"); });
  std::ofstream(folder_ / "ten") << "0123456789";
  EXPECT_EQ(read_file(folder_ / "ten", 10), "0123456789");
  expect_error<FileError>("is longer than 9 B", [&] { read_file(folder_ / "ten", 9); });
  EXPECT_FALSE(read_file("/proc/self/status").empty()) << "says that its size is 0";
}

}  // namespace
}  // namespace dpml
