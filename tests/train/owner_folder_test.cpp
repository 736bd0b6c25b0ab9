#include <gtest/gtest.h>
#include <sys/stat.h>

#include "train/plain_run.h"

namespace dpml {
namespace {

unsigned rights(const std::filesystem::path& path) {
  struct stat about {};
  EXPECT_EQ(::stat(path.c_str(), &about), 0) << path;
  return about.st_mode & 0777U;
}

void expect_closed(const RunFolder& folder) {
  EXPECT_EQ(rights(folder.owner()), 0700U);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.owner())) {
    EXPECT_EQ(rights(entry.path()), 0600U) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 3);
  EXPECT_EQ(rights(folder.model()), 0644U);
}

TEST(OwnerFolder, IsClosedToOthersWhateverWasThere) {
  const mode_t mask = ::umask(022);
  const RunExample example;
  example.run("new", {kPlain});
  expect_closed(example.folder("new"));

  std::filesystem::create_directories(example / "open" / "owner");
  std::filesystem::permissions(example / "open" / "owner", std::filesystem::perms(0777));
  std::string notices;
  run_training(example.experiment({kPlain}),
               {.folder = example / "open", .on_notice = [&](const std::string& sentence) { notices += sentence; }});
  expect_closed(example.folder("open"));
  EXPECT_NE(notices.find("others had rights on this folder"), std::string::npos) << notices;

  example.stop_after(3, "resumed", {kPlain});
  std::filesystem::permissions(example.folder("resumed").owner(), std::filesystem::perms(0755));
  std::filesystem::permissions(example.folder("resumed").checkpoint(), std::filesystem::perms(0644));
  example.resume("resumed", {kPlain});
  expect_closed(example.folder("resumed"));
  ::umask(mask);
}

}  // namespace
}  // namespace dpml
