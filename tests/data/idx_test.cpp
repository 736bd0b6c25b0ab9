#include "dpml/data/idx.h"

#include <bit>

#include "data/files.h"

namespace dpml {
namespace {

const std::filesystem::path kFashionMnist = "/usr/share/datasets/fashion-mnist";

std::vector<float> list(const NumericArray& array) {
  const Tensor tensor = array.to_tensor();
  return {tensor.values().begin(), tensor.values().end()};
}

TEST(Idx, ReadsBytesPlainAndPackedWhateverTheName) {
  const TemporaryFolder folder;
  const std::string bytes = idx(0x08, {2, 1, 3}, {'\0', '\1', '\2', '\xFD', '\xFE', '\xFF'});
  for (const std::string& content : {bytes, gzip(bytes), gzip(bytes.substr(0, 7)) + gzip(bytes.substr(7))}) {
    for (const std::string name : {"images", "images.gz"}) {
      const NumericArray array = read_idx(folder.write(name, content));
      EXPECT_TRUE(array.holds_bytes());
      EXPECT_EQ(array.shape(), (Shape{2, 1, 3}));
      EXPECT_EQ(list(array), (std::vector<float>{0, 1, 2, 253, 254, 255}));
    }
  }
}

TEST(Idx, ReadsEveryElementType) {
  const TemporaryFolder folder;
  const auto read = [&](std::uint8_t element, const std::string& numbers) {
    return list(read_idx(folder.write("numbers", idx(element, {2}, numbers))));
  };
  const std::vector<float> expected{-2.0F, 3.0F};
  EXPECT_EQ(read(0x09, "\xFE\x03"), expected);
  EXPECT_EQ(read(0x0B, std::string("\xFF\xFE\x00\x03", 4)), expected);
  EXPECT_EQ(read(0x0C, big_endian(static_cast<std::uint32_t>(-2)) + big_endian(3)), expected);
  EXPECT_EQ(
      read(0x0D, big_endian(std::bit_cast<std::uint32_t>(-2.0F)) + big_endian(std::bit_cast<std::uint32_t>(3.0F))),
      expected);
  EXPECT_EQ(read(0x0E, std::string("\xC0\0\0\0\0\0\0\0\x40\x08\0\0\0\0\0\0", 16)), expected);
}

TEST(Idx, RefusesWholeNumbersThatFloatsCannotHold) {
  const TemporaryFolder folder;
  const auto write = [&](std::uint32_t number) { return folder.write("numbers", idx(0x0C, {1}, big_endian(number))); };
  EXPECT_EQ(list(read_idx(write(1U << 24))), std::vector<float>{16777216.0F});
  const auto path = write((1U << 24) + 1);
  EXPECT_TRUE(refuses(path, "beyond 2^24", [&] { read_idx(path); }));
  write(static_cast<std::uint32_t>(-(1 << 24) - 1));
  EXPECT_TRUE(refuses(path, "beyond 2^24", [&] { read_idx(path); }));
}

TEST(Idx, ReadsAnEmptySet) {
  const TemporaryFolder folder;
  EXPECT_EQ(read_idx(folder.write("none", idx(0x08, {0, 28, 28}, ""))).shape(), (Shape{0, 28, 28}));
}

TEST(Idx, SaysWhatIsWrongWithAFile) {
  const TemporaryFolder folder;
  const auto expect = [&](const std::string& bytes, const std::string& text) {
    const auto path = folder.write("file", bytes);
    EXPECT_TRUE(refuses(path, text, [&] { read_idx(path); }));
  };
  expect("", "empty");
  expect("a,b,c\n1,2,3\n", "not an IDX file");
  expect(idx(0x0A, {1}, "x"), "not an IDX file");
  expect(idx(0x08, {}, "x"), "not an IDX file");
  expect(idx(0x08, {3, 2}, "12345"), "announces [3, 2] numbers, 6 bytes in all, but 5 follow");
  expect(idx(0x08, {3, 2}, "1234567"), "6 bytes in all, but 7 follow");
  expect(idx(0x08, {3, 2}, "").substr(0, 9), "ends inside the IDX header");
  expect(idx(0x08, std::vector<std::uint32_t>(9, 1), "1"), "9 axes");
  expect(gzip(idx(0x08, {3, 2}, "12345")), "ends inside its numbers");
  expect(gzip(idx(0x08, {3, 2}, "1234567")), "bytes follow the last number");
  expect(idx(0x0E, {0xFFFFFFFF, 0xFFFFFFFF}, "1"), "damaged");
  expect(idx(0x08, {0xFFFFFFFF, 0x00FFFFFF}, "1"), "but 1 follow");
  expect(gzip(idx(0x08, {0xFFFFFFFF, 0x00FFFFFF}, "1")), "but at most");
}

TEST(Idx, NeverCrashesOnADamagedFile) {
  const TemporaryFolder folder;
  const std::string good = idx(0x0B, {3, 2}, "123456789abc");
  const auto read = [](const std::filesystem::path& path) { read_idx(path); };
  // Refused: every truncation and every change of the header, except one that turns int16 [3, 2] into as many bytes.
  EXPECT_GE(refused_when_damaged(folder, good, read), static_cast<int>(good.size()) + 3 * 11);
  // Every damage to a packed file is found but one to what does not matter: time, system and flags of the gzip header.
  const std::string packed = gzip(good);
  EXPECT_GE(refused_when_damaged(folder, packed, read), static_cast<int>(packed.size() + 3 * (packed.size() - 7)));
}

TEST(IdxDataset, GivesGreyImagesAChannelAxis) {
  const TemporaryFolder folder;
  const auto images = folder.write("images", idx(0x08, {2, 1, 2}, std::string("\x00\x33\x66\xFF", 4)));
  const auto labels = folder.write("labels", idx(0x08, {2}, "\x09\x01"));
  const TensorDataset dataset = read_idx_dataset(images, labels, {.classes = 10, .scaling = {.scale = 1.0F / 255.0F}});
  EXPECT_EQ(dataset.input_shape(), (Shape{1, 2, 1}));
  EXPECT_EQ(dataset.label_shape(), Shape{});
  Batch batch;
  dataset.read(std::vector<Index>{1}, batch);
  EXPECT_FLOAT_EQ(batch.inputs.data()[0], 0.4F);
  EXPECT_FLOAT_EQ(batch.inputs.data()[1], 1.0F);
  EXPECT_EQ(batch.labels.data()[0], 1.0F);
}

TEST(IdxDataset, SaysWhichFileDoesNotFit) {
  const TemporaryFolder folder;
  const auto images = folder.write("images", idx(0x08, {2, 1, 2}, "1234"));
  const auto labels = folder.write("labels", idx(0x08, {2}, "\x09\x01"));
  const auto three = folder.write("three", idx(0x08, {3}, "\x01\x01\x01"));
  EXPECT_TRUE(
      refuses(labels, "row 0 (counted from 0): the label", [&] { read_idx_dataset(images, labels, {.classes = 9}); }));
  EXPECT_TRUE(refuses(three, "holds 3 labels", [&] { read_idx_dataset(images, three, {.classes = 10}); }));
  EXPECT_TRUE(refuses(images, "exchanged", [&] { read_idx_dataset(labels, images, {.classes = 10}); }));
}

TEST(IdxDataset, ReadsFashionMnist) {
  if (!std::filesystem::exists(kFashionMnist)) GTEST_SKIP() << "the package dataset-fashion-mnist is not installed";
  const DatasetOptions options{.classes = 10};
  const TensorDataset train = read_idx_dataset(kFashionMnist / "train-images-idx3-ubyte.gz",
                                               kFashionMnist / "train-labels-idx1-ubyte.gz", options);
  const TensorDataset test = read_idx_dataset(kFashionMnist / "t10k-images-idx3-ubyte.gz",
                                              kFashionMnist / "t10k-labels-idx1-ubyte.gz", options);
  EXPECT_EQ(train.size(), 60000);
  EXPECT_EQ(test.size(), 10000);
  EXPECT_EQ(train.input_shape(), (Shape{28, 28, 1}));
  Batch batch;
  train.read(std::vector<Index>{0, 59999}, batch);
  EXPECT_EQ(batch.labels.data()[0], 9.0F);  // an ankle boot, as the set's own page shows
  EXPECT_EQ(batch.labels.data()[1], 5.0F);  // a sandal
}

}  // namespace
}  // namespace dpml
