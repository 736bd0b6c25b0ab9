#include "dpml/data/npy.h"

#include <bit>

#include "data/files.h"

namespace dpml {
namespace {

/// A .npy file as NumPy writes it: the header is padded so that the numbers begin at a multiple of 64.
std::string npy(const std::string& header, const std::string& numbers, int version = 1) {
  const std::size_t before = version == 1 ? 10 : 12;
  std::string text = header;
  text.append((64 - (before + header.size() + 1) % 64) % 64, ' ');
  text += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  for (std::size_t i = 0; i < before - 8; ++i) bytes += static_cast<char>(text.size() >> (8 * i) & 0xFF);
  return bytes + text + numbers;
}

std::string array_header(const std::string& element, const std::string& shape) {
  return "{'descr': '" + element + "', 'fortran_order': False, 'shape': " + shape + ", }";
}

template <typename Number>
std::string little_endian(const std::vector<Number>& numbers) {
  static_assert(std::endian::native == std::endian::little);
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)};
}

std::vector<float> list(const NumericArray& array) {
  const Tensor tensor = array.to_tensor();
  return {tensor.values().begin(), tensor.values().end()};
}

TEST(Npy, ReadsEveryVersion) {
  const TemporaryFolder folder;
  for (const int version : {1, 2, 3}) {
    const std::string bytes =
        npy(array_header("<f4", "(2, 3)"), little_endian<float>({1.5F, -2, 3, 4, 5, 1e-40F}), version);
    for (const std::string& content : {bytes, gzip(bytes)}) {
      const NumericArray array = read_npy(folder.write("array.npy", content));
      EXPECT_EQ(array.shape(), (Shape{2, 3}));
      EXPECT_EQ(list(array), (std::vector<float>{1.5F, -2, 3, 4, 5, 1e-40F}));
    }
  }
}

TEST(Npy, ReadsEveryElementType) {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& element, const std::string& numbers) {
    return list(read_npy(folder.write("array.npy", npy(array_header(element, "(2,)"), numbers))));
  };
  EXPECT_EQ(read("<f8", little_endian<double>({-0.1, 2.5})), (std::vector<float>{-0.1F, 2.5F}));
  EXPECT_EQ(read(">f4", std::string("\xC0\0\0\0\x40\x40\0\0", 8)), (std::vector<float>{-2, 3}));
  EXPECT_EQ(read("|b1", std::string("\0\1", 2)), (std::vector<float>{0, 1}));
  EXPECT_EQ(read("|u1", "\x80\x7F"), (std::vector<float>{128, 127}));
  EXPECT_EQ(read("|i1", "\x80\x7F"), (std::vector<float>{-128, 127}));
  EXPECT_EQ(read("<u2", little_endian<std::uint16_t>({65535, 1})), (std::vector<float>{65535, 1}));
  EXPECT_EQ(read("<i2", little_endian<std::int16_t>({-32768, 1})), (std::vector<float>{-32768, 1}));
  EXPECT_EQ(read("<u4", little_endian<std::uint32_t>({1U << 24, 1})), (std::vector<float>{16777216, 1}));
  EXPECT_EQ(read("<i4", little_endian<std::int32_t>({-(1 << 24), 1})), (std::vector<float>{-16777216, 1}));
  EXPECT_EQ(read("<u8", little_endian<std::uint64_t>({9, 1})), (std::vector<float>{9, 1}));
  EXPECT_EQ(read("<i8", little_endian<std::int64_t>({-9, 1})), (std::vector<float>{-9, 1}));
}

TEST(Npy, ReadsAnyRankAndAnyOrderOfTheHeader) {
  const TemporaryFolder folder;
  const auto shape_of = [&](const std::string& header, std::size_t count) {
    return read_npy(folder.write("array.npy", npy(header, std::string(count, 'x')))).shape();
  };
  EXPECT_EQ(shape_of(array_header("|u1", "()"), 1), Shape{});
  EXPECT_EQ(shape_of(array_header("|u1", "(4,)"), 4), Shape{4});
  EXPECT_EQ(shape_of(array_header("|u1", "(0, 5)"), 0), (Shape{0, 5}));
  EXPECT_EQ(shape_of(array_header("|u1", "(1, 2, 1, 2, 1, 1, 1, 3)"), 12), (Shape{1, 2, 1, 2, 1, 1, 1, 3}));
  EXPECT_EQ(shape_of(R"({"shape":(2L,2L),"fortran_order":False,"descr":"|u1"})", 4), (Shape{2, 2}));
}

TEST(Npy, SaysWhatIsWrongWithAFile) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "file";
  const auto expect = [&](const std::string& bytes, const std::string& text) {
    folder.write("file", bytes);
    EXPECT_TRUE(refuses(path, text, [&] { read_npy(path); }));
  };
  const auto expect_header = [&](const std::string& header, const std::string& text) { expect(npy(header, ""), text); };
  expect("1,2,3\n", "not a .npy file");
  expect("PK\x03\x04 and so on", "numpy.save");
  expect(npy(array_header("<f4", "(1,)"), "1234", 4), "format version 4");
  expect(npy(array_header("<f4", "(2, 2)"), "123"), "announces [2, 2] numbers, 16 bytes in all, but 3 follow");
  expect(npy(array_header("<f4", "(1,)"), "12345"), "but 5 follow");
  expect(npy(array_header("<f4", "(1,)"), "1234").substr(0, 60), "length of its NumPy header");
  expect(npy(array_header("<i8", "(1,)"), little_endian<std::int64_t>({(1 << 24) + 1})), "beyond 2^24");
  expect(npy(array_header("<i8", "(2, 2)"), little_endian<std::int64_t>({1, 2, 3, 1 << 25})),
         "row 1, column 1 (counted from 0): a whole number beyond 2^24");
  expect(npy(array_header("<u8", "(1,)"), little_endian<std::uint64_t>({~std::uint64_t{0}})), "beyond 2^24");
  expect_header(array_header("<f2", "(1,)"), "unknown element type");
  expect_header(array_header("|S3", "(1,)"), "unknown element type");
  expect_header(array_header("", "(1,)"), "unknown element type");
  expect_header("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", "numpy.ascontiguousarray");
  expect_header("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,), }", "cannot be understood");
  expect_header("{'descr': '<f4', 'fortran_order': False, }", "cannot be understood");
  expect_header("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (), }", "cannot be understood");
  expect_header(array_header("<f4", "(2 2)"), "cannot be understood");
  expect_header(array_header("<f4", "(-2,)"), "cannot be understood");
  expect_header(array_header("<f4", "(99999999999999999999999,)"), "cannot be understood");
  expect_header(array_header("<f4", "(4611686018427387904, 4)"), "header is damaged");
  expect_header(array_header("<f4", "(0, 18446744073709551615)"), "header is damaged");
  expect_header(array_header("<f4", "(1, 1, 1, 1, 1, 1, 1, 1, 1)"), "9 axes");
  expect_header(array_header("<f4", "(1000000000000,)"), "4,000,000,000,000 bytes in all, but 0 follow");
}

TEST(Npy, NeverCrashesOnADamagedFile) {
  const TemporaryFolder folder;
  const std::string good = npy(array_header("<f8", "(3, 2)"), little_endian<double>({1, 2, 3, 4, 5, 6}));
  const auto read = [](const std::filesystem::path& path) { read_npy(path); };
  EXPECT_GE(refused_when_damaged(folder, good, read), static_cast<int>(good.size()));
  const std::string packed = gzip(good);
  EXPECT_GE(refused_when_damaged(folder, packed, read), static_cast<int>(packed.size() + 3 * (packed.size() - 7)));
}

TEST(NpyDataset, JoinsInputsAndLabels) {
  const TemporaryFolder folder;
  const auto inputs = folder.write("x.npy", npy(array_header("|u1", "(2, 3, 1, 2)"), "abcdefghijkl"));
  const auto labels = folder.write("y.npy", npy(array_header("<i8", "(2,)"), little_endian<std::int64_t>({1, 0})));
  const DatasetOptions options{.classes = 2, .layout = InputLayout::channels_first};
  const TensorDataset dataset = read_npy_dataset(inputs, labels, options);
  EXPECT_EQ(dataset.input_shape(), (Shape{1, 2, 3}));
  Batch batch;
  dataset.read(std::vector<Index>{1}, batch);
  EXPECT_EQ(list(batch.inputs), (std::vector<float>{'g', 'i', 'k', 'h', 'j', 'l'}));
  EXPECT_EQ(list(batch.labels), std::vector<float>{0});
  EXPECT_TRUE(
      refuses(labels, "row 0 (counted from 0): the label", [&] { read_npy_dataset(inputs, labels, {.classes = 1}); }));
}

}  // namespace
}  // namespace dpml
