#include "dpml/train/open_dataset.h"

#include "base/expect_error.h"
#include "train/small_run.h"

namespace dpml {
namespace {

const DatasetOptions kTwoClasses{.classes = 2};

Batch read_all(const Dataset& data) {
  std::vector<Index> all(static_cast<std::size_t>(data.size()));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<Index>(i);
  Batch batch;
  data.read(all, batch);
  return batch;
}

CsvSource table(const std::filesystem::path& file) {
  CsvSchema schema;
  schema.columns.push_back({"size", CsvNumeric{.lower = 0, .upper = 10}});
  schema.columns.push_back({"answer", CsvClassLabel{.classes = {"no", "yes"}}});
  return {.file = file, .schema = schema};
}

TEST(OpenDataset, ReadsNumpyArraysAndTheirInputsAlone) {
  const RunExample example;
  const DataOptions options{.source = NpySource{example / "x.npy", example / "y.npy"},
                            .dataset = kTwoClasses,
                            .sample_shape = Shape{4},
                            .label_shape = Shape{}};
  const auto data = open_dataset(options);
  EXPECT_EQ(data->size(), 200);
  const Batch expected = read_all(two_classes(200));
  EXPECT_TRUE(std::ranges::equal(read_all(*data).inputs.values(), expected.inputs.values()));
  EXPECT_TRUE(std::ranges::equal(read_all(*data).labels.values(), expected.labels.values()));
  const auto inputs = open_inputs(options, example / "tx.npy");
  EXPECT_EQ(inputs->size(), 50);
  EXPECT_EQ(inputs->label_shape(), Shape{0});
}

TEST(OpenDataset, ReadsInputsAloneAsItReadsThemForTraining) {
  const RunExample example;
  const auto write_idx = [&](const char* name, const std::vector<char>& axes, const std::string& bytes) {
    std::string text{'\0', '\0', '\x08', static_cast<char>(axes.size())};
    for (const char axis : axes) text += std::string(3, '\0') + axis;
    write_bytes(example / name, text + bytes);
  };
  write_idx("labels.idx", {2}, std::string("\0\1", 2));
  struct Case {
    std::vector<char> axes;
    Shape sample;
  };
  for (const Case& stored :
       {Case{{2, 12}, Shape{12}}, Case{{2, 3, 4}, Shape{3, 4, 1}}, Case{{2, 2, 2, 3}, Shape{2, 2, 3}}}) {
    write_idx("inputs.idx", stored.axes, "abcdefghijklABCDEFGHIJKL");
    const DataOptions options{.source = IdxSource{example / "inputs.idx", example / "labels.idx"},
                              .dataset = kTwoClasses,
                              .sample_shape = stored.sample,
                              .label_shape = Shape{}};
    const Batch expected = read_all(*open_dataset(options));
    const auto inputs = open_inputs(options, example / "inputs.idx");
    EXPECT_TRUE(std::ranges::equal(read_all(*inputs).inputs.values(), expected.inputs.values()))
        << stored.sample.to_text();
  }
}

TEST(OpenDataset, RefusesOtherShapesAndLabelsThanDeclared) {
  const RunExample example;
  DataOptions options{.source = NpySource{example / "x.npy", example / "y.npy"},
                      .dataset = kTwoClasses,
                      .sample_shape = Shape{5},
                      .label_shape = {}};
  for (const char* part : {"x.npy", "[4]", "data.shape [5]"}) {
    expect_error<FileError>(part, [&] { open_dataset(options); });
    expect_error<FileError>(part, [&] { open_inputs(options, example / "x.npy"); });
  }
  options.sample_shape = Shape{4};
  options.source = NpySource{example / "x.npy", example / "ty.npy"};
  expect_error<FileError>("ty.npy", [&] { open_dataset(options); });
  write_bytes(example / "ty.npy", npy(Shape{200}, std::vector<float>(200, 2)));
  expect_error<FileError>("ty.npy", [&] { open_dataset(options); });
  options.source = NpySource{example / "missing.npy", example / "y.npy"};
  expect_error<FileError>("missing.npy", [&] { open_dataset(options); });
}

TEST(OpenDataset, ReadsTablesWithTheirLabelsAndInputsWithOrWithoutThem) {
  const RunExample example;
  write_bytes(example / "train.csv", "size,answer\n5,yes\n10,no\n0,no\n");
  write_bytes(example / "bare.csv", "size\n5\n10\n");
  write_bytes(example / "wrong.csv", "size,answer\n5,perhaps\n");
  const DataOptions options{
      .source = table(example / "train.csv"), .dataset = {}, .sample_shape = Shape{1}, .label_shape = Shape{}};
  const auto data = open_dataset(options);
  EXPECT_TRUE(std::ranges::equal(read_all(*data).inputs.values(), std::vector<float>{0.5F, 1, 0}));
  EXPECT_TRUE(std::ranges::equal(read_all(*data).labels.values(), std::vector<float>{1, 0, 0}));
  EXPECT_EQ(open_inputs(options, example / "train.csv")->size(), 3);
  EXPECT_EQ(open_inputs(options, example / "bare.csv")->size(), 2);
  EXPECT_EQ(open_inputs(options, example / "wrong.csv")->size(), 1) << "labels are not asked for";
}

TEST(OpenDataset, ReadsOtherFilesOfTheSameKind) {
  const RunExample example;
  write_bytes(example / "other.csv", "answer,note,size\nyes,a,5\n");
  const DataOptions csv{
      .source = table(example / "train.csv"), .dataset = {}, .sample_shape = Shape{1}, .label_shape = Shape{}};
  const auto files = [&](std::vector<std::string> names) {
    std::vector<std::filesystem::path> paths;
    for (const std::string& name : names) paths.push_back(example / name);
    return paths;
  };
  EXPECT_EQ(open_dataset(csv, files({"other.csv"}))->size(), 1);
  expect_error<ConfigError>("got 2 files of data; this model's config wants one CSV file", [&] {
    open_dataset(csv, files({"other.csv", "x.npy"}));
  });
  const DataOptions npy{.source = NpySource{example / "x.npy", example / "y.npy"},
                        .dataset = kTwoClasses,
                        .sample_shape = Shape{4},
                        .label_shape = Shape{}};
  EXPECT_EQ(open_dataset(npy, files({"tx.npy", "ty.npy"}))->size(), 50);
  EXPECT_EQ(data_files(npy), files({"x.npy", "y.npy"}));
  expect_error<ConfigError>("got 1 file of data; this model's config wants two .npy files, inputs and labels",
                            [&] { open_dataset(npy, files({"tx.npy"})); });
}

}  // namespace
}  // namespace dpml
