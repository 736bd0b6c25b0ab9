#include "dpml/io/foreign_weights.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/expect_error.h"
#include "dpml/base/file.h"
#include "dpml/io/weight_writers.h"
#include "dpml/onnx/graph_writer.h"
#include "fuzz/weights_target.h"
#include "io/example_files.h"

// Weights from files of others: safetensors, .npz, ONNX. HDF5 is in tests/train/initial_model_test.cpp, too.

namespace dpml {
namespace {

const std::vector<NamedTensor>& example_weights() {
  static const std::vector<NamedTensor> weights{
      {"0.weight", Tensor::from({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6})},
      {"0.bias", Tensor::from({2}, std::vector<float>{-1, 0.5F})},
      {"scale", Tensor::filled(Shape{}, 7)}};
  return weights;
}

std::vector<NamedShape> shapes_of(const std::vector<NamedTensor>& weights) {
  std::vector<NamedShape> shapes;
  for (const NamedTensor& weight : weights) shapes.push_back({weight.name, weight.value.shape()});
  return shapes;
}

bool equal(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  return digest_of(a) == digest_of(b);
}

const std::vector<std::pair<std::string, std::string>> kMetadata{{"epsilon", "3"}, {"unit", "one \"row\" \n é"}};

std::string safetensors(const std::string& header, const std::string& numbers) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + numbers;
}

/// A safetensors file with one array, read as weight a [2].
FoundWeights read_a(const std::string& file) {
  const TemporaryFolder folder;
  write_bytes(folder / "weights", file);
  const std::vector<NamedShape> wanted{{"a", Shape{2}}};
  return read_foreign_weights(folder / "weights", wanted);
}

std::string bits_of(std::initializer_list<std::uint16_t> numbers) {
  std::string bytes;
  for (const std::uint16_t number : numbers) bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
  return bytes;
}

std::string onnx_file(const std::vector<NamedTensor>& weights) {
  onnx::GraphWriter writer;
  for (const NamedTensor& weight : weights) writer.constant(weight.name, weight.value);
  return writer.bytes("test", kMetadata);
}

TEST(ForeignWeights, WhatIsWrittenIsReadBackWhateverTheFileIsCalled) {
  const TemporaryFolder folder;
  write_safetensors(folder / "a.npz", example_weights(), kMetadata);
  write_npz(folder / "b.h5", example_weights(), kMetadata);
  write_bytes(folder / "c", onnx_file(example_weights()));
  for (const std::string name : {"a.npz", "b.h5", "c"}) {
    const FoundWeights found = read_foreign_weights(folder / name, shapes_of(example_weights()));
    EXPECT_TRUE(equal(found.weights, example_weights())) << name;
    EXPECT_EQ(found.weights[1].name, "0.bias");
    EXPECT_EQ(found.unused_count, name == "b.h5" ? 1U : 0U) << name;
  }
  write_safetensors(folder / "again", example_weights(), kMetadata);
  EXPECT_EQ(read_file(folder / "again"), read_file(folder / "a.npz"));
  write_npz(folder / "again", example_weights(), kMetadata);
  EXPECT_EQ(read_file(folder / "again"), read_file(folder / "b.h5"));
  EXPECT_EQ(read_file(folder / "a.npz").substr(8, 41), R"({"__metadata__":{"epsilon":"3","unit":"on)");
  const std::vector<NamedTensor> bad{{"\xff", Tensor::filled(Shape{}, 7)}};
  expect_error<FileError>("a weight of the name", [&] { write_safetensors(folder / "x", bad, {}); });
  expect_error<FileError>("a weight of the name", [&] { write_npz(folder / "x", bad, {}); });
  EXPECT_FALSE(std::filesystem::exists(folder / "x"));
}

TEST(ForeignWeights, AreReadInEveryFloatingPointFormatAndInNoOther) {
  const auto one = [](const std::string& type, const std::string& numbers) {
    return safetensors(
        R"({"a":{"dtype":")" + type + R"(","shape":[2],"data_offsets":[0,)" + std::to_string(numbers.size()) + "]}}  ",
        numbers);
  };
  EXPECT_EQ(read_a(one("F16", bits_of({0x3c00, 0xc100}))).weights[0].value.values()[1], -2.5F);
  EXPECT_EQ(read_a(one("BF16", bits_of({0x3f80, 0xc020}))).weights[0].value.values()[1], -2.5F);
  const double numbers[] = {1, -2.5};
  const std::string doubles(reinterpret_cast<const char*>(numbers), sizeof numbers);
  EXPECT_EQ(read_a(one("F64", doubles)).weights[0].value.values()[1], -2.5F);
  expect_error<FileError>("a is I64; expected F16, BF16, F32 or F64", [&] { read_a(one("I64", doubles)); });
  expect_error<FileError>("a is [2], but has 16 bytes", [&] { read_a(one("F32", doubles)); });
}

TEST(ForeignWeights, ADamagedSafetensorsFileIsOneError) {
  const auto refused = [](const std::string& expected, const std::string& file) {
    expect_error<FileError>(expected, [&] { read_a(file); });
    expect_error<FileError>("weights: ", [&] { read_a(file); });
  };
  const std::string numbers(8, '\0');
  const std::string good = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  EXPECT_EQ(read_a(safetensors(good, numbers)).weights[0].value.size(), 2);
  refused("of numbers, but 7 follow: it is cut off", safetensors(good, numbers.substr(1)));
  refused("of numbers, but 9 follow: it is damaged", safetensors(good, numbers + "x"));
  refused("ends inside its header", safetensors(good, numbers).substr(0, 30));
  refused("its header says it is", std::string("\0\0\0\2\0\0\0\0{", 9));
  refused("two values for a", safetensors(R"({"a":1,"a":2})", ""));
  refused("two values for shape", safetensors(R"({"a":{"shape":[2],"shape":[2]}})", ""));
  refused("is no JSON", safetensors(R"({"a":)", ""));
  refused("nested deeper", safetensors(R"({"a":)" + std::string(1000, '['), ""));
  refused("says of a what is no dtype", safetensors(R"({"a":[]})", ""));
  refused("says of a what is no dtype",
          safetensors(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", numbers));
  refused("says of a what is no dtype",
          safetensors(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}})", numbers));
  refused("overlap or leave gaps", safetensors(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", numbers));
  refused("overlap or leave gaps", safetensors(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]},)"
                                               R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                                               numbers));
  refused("impossible shape",
          safetensors(R"({"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]}})", numbers));
  refused("impossible shape",
          safetensors(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})", numbers));
  refused("expected weights in a file of HDF5, safetensors, .npz or ONNX", "no such thing");
  refused("but the file is empty", "");
}

TEST(ForeignWeights, NamesInAFileAreToldWithoutTheirControlCharacters) {
  const TemporaryFolder folder;
  const std::string evil = "\x1b]0;owned\a\nPASSED";
  std::vector<NamedTensor> stored{{evil, example_weights()[0].value}};
  const std::vector<NamedShape> wanted = shapes_of(example_weights());
  const auto expect_told_safely = [&](const std::string& told) {
    EXPECT_NE(told.find("owned"), std::string::npos) << told;
    EXPECT_EQ(told.find('\x1b'), std::string::npos) << told;
    EXPECT_EQ(told.find('\a'), std::string::npos) << told;
    EXPECT_EQ(told.find("\nPASSED"), std::string::npos) << told;
  };
  const auto write = [&](const std::string& format) {
    if (format == "safetensors") write_safetensors(folder / format, stored, {});
    if (format == "onnx") write_bytes(folder / format, onnx_file(stored));
    if (format == "npz") {  // whose library writes no such name
      const std::string plain(evil.size(), 'x');
      stored[0].name = plain;
      write_npz(folder / format, stored, {});
      stored[0].name = evil;
      std::string bytes = read_file(folder / format);
      for (std::size_t at = bytes.find(plain); at != std::string::npos; at = bytes.find(plain)) {
        bytes.replace(at, plain.size(), evil);
      }
      write_bytes(folder / format, bytes);
    }
    return folder / format;
  };
  for (const std::string format : {"safetensors", "npz", "onnx"}) {
    stored.resize(1);
    try {
      read_foreign_weights(write(format), wanted);
      ADD_FAILURE() << format;
    } catch (const FileError& error) {
      expect_told_safely(error.what());
    }
    stored.insert(stored.end(), example_weights().begin(), example_weights().end());
    const FoundWeights found = read_foreign_weights(write(format), wanted);
    expect_told_safely(found.unused.at(format == "npz" ? 1 : 0));
  }
}

TEST(ForeignWeights, ADamagedArchiveIsOneError) {
  const TemporaryFolder folder;
  write_npz(folder / "good", example_weights(), {});
  const std::string good = read_file(folder / "good");
  const auto read = [&](const std::string& bytes) {
    write_bytes(folder / "bad", bytes);
    return read_foreign_weights(folder / "bad", shapes_of(example_weights()));
  };
  expect_error<FileError>("is a damaged .npz archive", [&] { read(good.substr(0, good.size() / 2)); });
  std::string changed = good;
  const float five = 5;
  const std::size_t place = changed.find(std::string(reinterpret_cast<const char*>(&five), sizeof five));
  changed[place] = 'x';
  expect_error<FileError>("0.weight is damaged", [&] { read(changed); });
  changed = good;
  changed.replace(changed.find("(2, 3), }"), 9, "(9, 3), }");
  expect_error<FileError>("0.weight is [9, 3], but has 24 bytes in the file", [&] { read(changed); });
  changed = good;
  changed.replace(changed.find("'<f4'"), 5, "'<i4'");
  expect_error<FileError>("0.weight holds <i4; expected float16, float32 or float64", [&] { read(changed); });
  changed = good;
  changed.replace(changed.find("False", changed.find("0.weight.npy")), 5, "True ");
  expect_error<FileError>("Fortran order", [&] { read(changed); });
  expect_error<FileError>("damaged .npz", [&] { read(std::string("PK\5\6", 4)); });
}

TEST(ForeignWeights, ADamagedGraphIsOneError) {
  const TemporaryFolder folder;
  const std::string good = onnx_file(example_weights());
  const auto read = [&](const std::string& bytes) {
    write_bytes(folder / "bad", bytes);
    return read_foreign_weights(folder / "bad", shapes_of(example_weights()));
  };
  EXPECT_TRUE(equal(read(good).weights, example_weights()));
  expect_error<FileError>("is no ONNX model, or a damaged one", [&] { read(good.substr(0, good.size() / 2)); });
  std::string changed = good;
  const std::size_t name = changed.find("0.weight");
  ASSERT_EQ(changed.substr(name - 8, 8), "\x0a\x02\x02\x03\x10\x01\x42\x08") << "dims [2, 3], data_type FLOAT, name";
  changed[name - 2] = 'J';  // raw_data in the place of the name
  expect_error<FileError>("0.weight [2, 3] is missing", [&] { read(changed); });
  changed = good;
  changed[name - 3] = '\7';
  expect_error<FileError>("0.weight does not hold numbers of 16, 32 or 64 bits with a point", [&] { read(changed); });
  changed = good;
  changed[name - 5] = '\4';  // the last axis
  expect_error<FileError>("0.weight is [2, 4], but the file holds more or fewer numbers", [&] { read(changed); });
}

TEST(ForeignWeights, MeetTheModelByNamesAndRules) {
  const TemporaryFolder folder;
  std::vector<NamedTensor> stored{{"body.fc.weight", example_weights()[0].value},
                                  {"body.fc.bias", example_weights()[1].value},
                                  {"body.scale", example_weights()[2].value},
                                  {"head.weight", example_weights()[1].value}};
  write_safetensors(folder / "w", stored, {});
  const auto read = [&](const std::vector<NameRule>& rules) {
    return read_foreign_weights(folder / "w", shapes_of(example_weights()), rules);
  };
  const FoundWeights found = read({{"body.fc.*", "0.*"}, {"body.*", "*"}});
  EXPECT_TRUE(equal(found.weights, example_weights()));
  EXPECT_EQ(found.unused, std::vector<std::string>{"head.weight"});
  expect_error<FileError>("scale [] is missing", [&] { read({{"body.fc.*", "0.*"}}); });
  expect_error<FileError>("holds no weights under the names of the model; expected 0.weight [2, 3]", [&] { read({}); });
  expect_error<FileError>("it holds\n  body.fc.bias\n  body.fc.weight", [&] { read({}); });
  expect_error<FileError>("no name in it is decided by rename { from: \"bodi.*\"", [&] { read({{"bodi.*", "*"}}); });
  expect_error<FileError>("body.fc.bias and head.weight both become x", [&] {
    read({{"body.fc.bias", "x"}, {"head.*", "x"}});
  });
  expect_error<FileError>("0.bias is [], the model expects [2]", [&] {
    read({{"body.fc.weight", "0.weight"}, {"body.scale", "0.bias"}});
  });
  const FoundWeights own = choose_weights("own", stored, shapes_of(example_weights()),
                                          std::vector<NameRule>{{"body.fc.*", "0.*"}, {"body.*", "*"}});
  EXPECT_TRUE(equal(own.weights, example_weights()));
  EXPECT_EQ(own.unused_count, 1U);
}

TEST(ForeignWeights, AreToldTenAtATime) {
  const TemporaryFolder folder;
  std::vector<NamedTensor> stored = example_weights();
  for (int i = 0; i < 25; ++i) stored.push_back({"more" + std::to_string(i), example_weights()[2].value});
  write_safetensors(folder / "w", stored, {});
  const FoundWeights found = read_foreign_weights(folder / "w", shapes_of(example_weights()));
  EXPECT_EQ(found.unused.size(), 10U);
  EXPECT_EQ(found.unused_count, 25U);
  std::vector<NamedShape> wanted = shapes_of(example_weights());
  for (int i = 0; i < 13; ++i) wanted.push_back({"other" + std::to_string(i), Shape{1}});
  expect_error<FileError>("other9 [1] is missing\n  and 3 more", [&] { read_foreign_weights(folder / "w", wanted); });
}

TEST(ForeignWeights, CorpusIsReadOrRefused) {
  const auto opened = [](const std::string& format, const auto& open) {
    int files = 0;
    int good = 0;
    for (const auto& entry : std::filesystem::directory_iterator(DPML_TEST_DATA "/fuzz/corpus/" + format)) {
      ++files;
      const std::string bytes = read_file(entry.path());
      good += fuzz::read_weights(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), open) ? 1 : 0;
    }
    EXPECT_GE(files, 3) << format;
    EXPECT_GE(good, 1) << format;
  };
  opened("safetensors", open_safetensors);
  opened("npz", open_npz);
  opened("onnx", open_onnx);
}

}  // namespace
}  // namespace dpml
