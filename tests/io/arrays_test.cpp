#include "dpml/io/arrays.h"

#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <numeric>

#include "edit_hdf5.h"
#include "example_files.h"

namespace dpml {
namespace {

std::vector<float> values_of(const Tensor& tensor) {
  return {tensor.values().begin(), tensor.values().end()};
}

template <class Number>
Tensor stored_and_read(hid_t type, const std::vector<Number>& numbers) {
  const TemporaryFolder folder;
  ForeignFile::create(folder / "data.h5").dataset("inputs", type, {numbers.size()}, type, numbers.data());
  return read_hdf5_array(folder / "data.h5", "inputs");
}

TEST(Hdf5Array, ConvertsEveryNumericType) {
  EXPECT_EQ(values_of(stored_and_read<std::uint8_t>(H5T_NATIVE_UINT8, {0, 255})), (std::vector<float>{0, 255}));
  EXPECT_EQ(values_of(stored_and_read<std::int8_t>(H5T_NATIVE_INT8, {-128, 127})), (std::vector<float>{-128, 127}));
  EXPECT_EQ(values_of(stored_and_read<std::int64_t>(H5T_NATIVE_INT64, {-7, 1 << 24})),
            (std::vector<float>{-7, 1 << 24}));
  EXPECT_EQ(values_of(stored_and_read<double>(H5T_NATIVE_DOUBLE, {0.1, 1e300})),
            (std::vector<float>{0.1F, std::numeric_limits<float>::infinity()}));
  EXPECT_EQ(values_of(stored_and_read<float>(H5T_NATIVE_FLOAT, {0.1F, -3})), (std::vector<float>{0.1F, -3}));
}

TEST(Hdf5Array, ReadsTheOtherByteOrder) {
  const TemporaryFolder folder;
  const std::vector<double> numbers{1.5, -2};
  ForeignFile::create(folder / "data.h5").dataset("inputs", H5T_IEEE_F64BE, {2}, H5T_NATIVE_DOUBLE, numbers.data());
  EXPECT_EQ(values_of(read_hdf5_array(folder / "data.h5", "inputs")), (std::vector<float>{1.5, -2}));
}

TEST(Hdf5Array, ReadsPythonsBooleans) {
  const TemporaryFolder folder;
  const hid_t boolean = H5Tenum_create(H5T_NATIVE_INT8);
  const std::vector<std::int8_t> values{0, 1};
  H5Tenum_insert(boolean, "FALSE", &values[0]);
  H5Tenum_insert(boolean, "TRUE", &values[1]);
  ForeignFile::create(folder / "data.h5").dataset("labels", boolean, {2}, boolean, values.data());
  H5Tclose(boolean);
  EXPECT_EQ(values_of(read_hdf5_array(folder / "data.h5", "labels")), (std::vector<float>{0, 1}));
}

TEST(Hdf5Array, ReadsAnyShapeAndPath) {
  const TemporaryFolder folder;
  const std::vector<float> numbers{1, 2, 3, 4, 5, 6};
  {
    ForeignFile file = ForeignFile::create(folder / "data.h5");
    file.group("train");
    file.dataset("train/inputs", H5T_IEEE_F32LE, {1, 2, 3}, H5T_NATIVE_FLOAT, numbers.data());
    file.dataset("none", H5T_IEEE_F32LE, {0, 3}, H5T_NATIVE_FLOAT, nullptr);
    file.dataset("unfilled", H5T_IEEE_F32LE, {2}, H5T_NATIVE_FLOAT, nullptr);
    file.dataset("one", H5T_IEEE_F32LE, {}, H5T_NATIVE_FLOAT, numbers.data());
  }
  EXPECT_EQ(read_hdf5_array(folder / "data.h5", "train/inputs").shape(), (Shape{1, 2, 3}));
  EXPECT_EQ(values_of(read_hdf5_array(folder / "data.h5", "/train/inputs")), numbers);
  EXPECT_EQ(read_hdf5_array(folder / "data.h5", "none").shape(), (Shape{0, 3}));
  EXPECT_EQ(values_of(read_hdf5_array(folder / "data.h5", "unfilled")), (std::vector<float>{0, 0}));
  EXPECT_EQ(read_hdf5_array(folder / "data.h5", "one").shape(), Shape{});
  EXPECT_EQ(values_of(read_hdf5_array(folder / "data.h5", "one")), std::vector<float>{1});
}

TEST(Hdf5Array, ReadsCompressedDataInSeveralPieces) {
  const TemporaryFolder folder;
  const std::vector<hsize_t> shape{5000, 1001};  // 5 million numbers: more than travel in one message
  std::vector<std::uint8_t> bytes(shape[0] * shape[1]);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * i % 251);
  {
    ForeignFile file = ForeignFile::create(folder / "data.h5");
    file.dataset("plain", H5T_STD_U8LE, shape, H5T_NATIVE_UINT8, bytes.data());
    file.dataset("packed", H5T_STD_U8LE, shape, H5T_NATIVE_UINT8, bytes.data(), {300, 400});
  }
  const std::vector<float> expected(bytes.begin(), bytes.end());
  EXPECT_EQ(values_of(read_hdf5_array(folder / "data.h5", "plain")), expected);
  EXPECT_EQ(values_of(read_hdf5_array(folder / "data.h5", "packed")), expected);
}

TEST(Hdf5Array, SaysWhatItExpectedAndWhatIsThere) {
  const TemporaryFolder folder;
  const float number = 1;
  {
    ForeignFile file = ForeignFile::create(folder / "data.h5");
    file.group("images");
    file.dataset("y", H5T_IEEE_F32LE, {1}, H5T_NATIVE_FLOAT, &number);
    file.dataset("deep", H5T_IEEE_F32LE, {1, 1, 1, 1, 1, 1, 1, 1, 1}, H5T_NATIVE_FLOAT, &number);
    file.python_text("title", "digits");
  }
  write_bytes(folder / "text.h5", "inputs,labels\n");
  const auto error_of = [&](const std::string& file, const std::string& name) {
    return file_error(folder / file, [&] { read_hdf5_array(folder / file, name); });
  };
  EXPECT_NE(error_of("data.h5", "x")
                .find("expected a dataset \"/x\", but there is none; \"/\" holds deep, images, title and y"),
            std::string::npos);
  EXPECT_NE(error_of("data.h5", "images").find("expected a dataset \"/images\", found a group"), std::string::npos);
  EXPECT_NE(error_of("data.h5", "title").find("expected numbers in dataset \"/title\", found text"), std::string::npos);
  EXPECT_NE(error_of("data.h5", "deep").find("at most 8 axes"), std::string::npos);
  EXPECT_NE(error_of("text.h5", "x").find("expected an HDF5 file with a dataset \"x\", but it is not HDF5"),
            std::string::npos);
  EXPECT_NE(error_of("missing.h5", "x").find("there is no such file"), std::string::npos);
  EXPECT_NE(error_of(".", "x").find("found a folder"), std::string::npos);
}

TEST(Hdf5Array, DoesNotAllocateForAShapeThatTheFileCannotFill) {
  const TemporaryFolder folder;
  ForeignFile::create(folder / "data.h5")
      .dataset("inputs", H5T_STD_U8LE, {1 << 20, 1 << 20}, H5T_NATIVE_UINT8, nullptr, {1, 1 << 10});
  const std::string error = file_error(folder / "data.h5", [&] { read_hdf5_array(folder / "data.h5", "inputs"); });
  EXPECT_NE(error.find("says it has shape [1048576, 1048576], but the file holds only"), std::string::npos) << error;
}

TEST(Hdf5Array, RefusesAShapeLongerThanItsNumbers) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "data.h5";
  const std::vector<float> numbers(3 * 5);
  ForeignFile::create(path).dataset("inputs", H5T_IEEE_F32LE, {3, 5}, H5T_NATIVE_FLOAT, numbers.data());
  std::string bytes = read_file(path);
  const std::string lengths{"\x03\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0", 16};
  const std::size_t place = bytes.find(lengths);
  ASSERT_NE(place, std::string::npos);
  bytes[place] = 100;
  write_bytes(path, bytes);
  const std::string error = file_error(path, [&] { read_hdf5_array(path, "inputs"); });
  EXPECT_NE(error.find("says it has shape [100, 5], but the file holds only 60 B"), std::string::npos) << error;
}

/// A file in the layout without checksums that most tools write, on which the HDF5 library itself may crash.
std::string foreign_bytes() {
  const TemporaryFolder folder;
  std::vector<double> numbers(240);
  std::iota(numbers.begin(), numbers.end(), 0);
  {
    ForeignFile file = ForeignFile::create(folder / "data.h5");
    file.dataset("inputs", H5T_IEEE_F64LE, {20, 12}, H5T_NATIVE_DOUBLE, numbers.data(), {7, 5});
    file.python_text("title", "a text of variable length");
    file.group("group");
    file.text_attribute("/", "name", "value");
  }
  return read_file(folder / "data.h5");
}

TEST(Hdf5Array, ADamagedOrTruncatedForeignFileIsAtMostAnError) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "data.h5";
  const std::string whole = foreign_bytes();
  std::size_t errors = 0;
  for (std::size_t i = 0; i < whole.size(); i += 101) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    write_bytes(path, damaged);
    errors += file_error(path, [&] { EXPECT_EQ(read_hdf5_array(path, "inputs").shape().rank(), 2); }).empty() ? 0 : 1;
    file_error(path, [&] { EXPECT_FALSE(hdf5_tree(path).empty()); });
    write_bytes(path, whole.substr(0, i));
    EXPECT_NE(file_error(path, [&] { read_hdf5_array(path, "inputs"); }), "") << i << " of " << whole.size();
  }
  EXPECT_GT(errors, 5U);
}

}  // namespace
}  // namespace dpml
