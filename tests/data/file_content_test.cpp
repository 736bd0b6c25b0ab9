#include "data/files.h"
#include "dpml/data/idx.h"

// The errors of a file as such are the same for every reader; IDX stands for all.
namespace dpml {
namespace {

void expect_refused(const std::filesystem::path& path, const std::string& text) {
  EXPECT_TRUE(refuses(path, text, [&] { read_idx(path); }));
}

TEST(FileContent, GuessesWhatAMissingFileWasMeantToBe) {
  const TemporaryFolder folder;
  folder.write("train-images", "x");
  folder.write("labels.gz", "x");
  expect_refused(folder.path() / "train-imges",
                 "no such file; did you mean " + (folder.path() / "train-images").string());
  expect_refused(folder.path() / "labels", "did you mean " + (folder.path() / "labels.gz").string());
  expect_refused(folder.path() / "something else", "no such file; look for it in " + folder.path().string());
  expect_refused(folder.path() / "nowhere" / "file", "its folder does not exist");
  expect_refused("/usr/share/datasets/no-such-set/file", "Debian package dataset-no-such-set");
}

TEST(FileContent, RefusesWhatIsNotAFile) {
  const TemporaryFolder folder;
  expect_refused(folder.path(), "found a folder");
  expect_refused("/dev/null", "expected a regular file, found a device or a pipe");
  expect_refused(folder.write("empty", ""), "empty");
}

TEST(FileContent, SaysWhatIsWrongWithGzipData) {
  const TemporaryFolder folder;
  const std::string good = gzip(idx(0x08, {500}, std::string(500, 'x')));
  ASSERT_EQ(read_idx(folder.write("good", good)).shape(), Shape{500});
  expect_refused(folder.write("cut", good.substr(0, good.size() / 2)), "the gzip data is cut off");
  expect_refused(folder.write("no_checksum", good.substr(0, good.size() - 8)), "the gzip data is cut off");
  expect_refused(folder.write("long", good + "more"), "bytes follow the end of the gzip data");
  std::string wrong_checksum = good;
  wrong_checksum[good.size() - 8] = static_cast<char>(wrong_checksum[good.size() - 8] ^ 1);
  expect_refused(folder.write("wrong_checksum", wrong_checksum), "the gzip data is damaged");
}

TEST(FileContent, UnpacksMoreThanItsBufferHolds) {
  const TemporaryFolder folder;
  std::string numbers(3'000'000, '\0');
  std::uint32_t state = 1;  // hard to pack, so that the packed file too is larger than the buffer
  for (char& number : numbers) number = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24);
  const NumericArray array = read_idx(folder.write("large", gzip(idx(0x08, {3'000'000}, numbers))));
  const Tensor tensor = array.to_tensor();
  Index wrong = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    wrong += tensor.values()[i] != static_cast<float>(static_cast<std::uint8_t>(numbers[i])) ? 1 : 0;
  }
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace dpml
