#include <gtest/gtest.h>

#include "config/small_config.h"
#include "dpml/config/model_sizes.h"

namespace dpml {
namespace {

/// Line 11 is `table {`, line 12 the first column.
const std::string kTableConfig = R"(privacy {
  unit: "one person" neighbours: ADD_OR_REMOVE_ONE full_batch { public_size: 1000 } steps: 3
  clip_bound: 1 delta: 1e-5 noise_multiplier: 2
}
loss: CROSS_ENTROPY
optimizer { sgd { learning_rate: 1 } }
model { layer { linear { out: 2 } } }
data {
  train { csv { file: "t.csv" } }
  test { csv { file: "u.csv" } }
  table {
    column { name: "age" numeric { lower: 0 upper: 120 range: MINUS_ONE_TO_ONE } }
    column { name: "id" ignored {} }
    column { name: "work" categorical { values: ["a", "b", "c"] on_unknown: ALL_ZERO } }
    column { name: "y" label { classes: ["no", "yes"] strip: "." } }
    missing_marker: "?" on_missing: DROP_ROW_WITH_MISSING separator: ";" header: false
  }
}
)";

void expect_problem(const std::string& config, const std::string& beginning) {
  const std::string found = problems_of(config);
  EXPECT_TRUE(found.starts_with(beginning)) << "expected: " << beginning << "\ngot:      " << found;
  EXPECT_EQ(found.find('\n'), std::string::npos) << found;
}

TEST(DataConfig, ReadsATable) {
  const Experiment e = parse(kTableConfig);
  const CsvSource& source = std::get<CsvSource>(e.train.source);
  const CsvSchema& schema = source.schema;
  EXPECT_EQ(source.file, "/configs/t.csv");
  EXPECT_EQ(std::get<CsvSource>(e.test->source).file, "/configs/u.csv");
  EXPECT_FALSE(schema.header);
  EXPECT_EQ(schema.separator, ';');
  EXPECT_EQ(schema.missing_markers, std::vector<std::string>{"?"});
  EXPECT_EQ(schema.on_missing, MissingValue::drop_row);
  ASSERT_EQ(schema.columns.size(), 4U);
  EXPECT_EQ(schema.columns[0].name, "age");
  EXPECT_EQ(std::get<CsvNumeric>(schema.columns[0].kind).upper, 120);
  EXPECT_EQ(std::get<CsvNumeric>(schema.columns[0].kind).range, NumericRange::minus_one_to_one);
  EXPECT_TRUE(std::holds_alternative<CsvIgnored>(schema.columns[1].kind));
  EXPECT_EQ(std::get<CsvCategorical>(schema.columns[2].kind).values, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(std::get<CsvCategorical>(schema.columns[2].kind).unknown, UnknownValue::all_zero);
  EXPECT_EQ(std::get<CsvClassLabel>(schema.columns[3].kind).classes, (std::vector<std::string>{"no", "yes"}));
  EXPECT_EQ(std::get<CsvClassLabel>(schema.columns[3].kind).strip, ".");
  EXPECT_EQ(e.train.sample_shape, Shape{4});
  EXPECT_EQ(e.train.dataset.classes, 2);
  EXPECT_EQ(model_sizes(e.model, e.train.sample_shape).weights[0].shape[1], 4);
}

TEST(DataConfig, TellsOfBoundsTooFarApart) {
  expect_problem(with("lower: 0 upper: 120", "lower: -1e308 upper: 1e308", kTableConfig),
                 "c.txtpb:12: data.table.column[0]: column \"age\": upper - lower is beyond the largest number");
}

TEST(DataConfig, BringsIndicesToEmbeddingsAsTheyStand) {
  const std::string words = with("layer { conv2d { out_channels: 4 kernel: 3 } }",
                                 "layer { flatten {} } layer { embedding { vocabulary: 9 features: 2 } }");
  EXPECT_EQ(problems_of(words), "");
  expect_problem(with("classes: 10", "classes: 10 normalise { divide_by: 255 }", words),
                 "c.txtpb:13: data.normalise: makes other numbers of the indices that embedding wants; leave it out");
  expect_problem(
      with("layer { tanh {} }", "layer { embedding { vocabulary: 9 features: 2 } }"),
      "c.txtpb:17: model.layer[1].embedding: wants whole numbers, the inputs of the model, but a layer before "
      "it computes others; put it first");
  expect_problem(
      with("layer { tanh {} }", "layer { sequential { layer { embedding { vocabulary: 9 features: 4 } } } }"),
      "c.txtpb:17: model.layer[1].sequential.layer[0].embedding: wants whole numbers");
  expect_problem(
      with("layer { linear { out: 2 } }",
           "layer { embedding { vocabulary: 9 features: 2 } } layer { flatten {} } layer { linear { out: 2 } }",
           kTableConfig),
      "c.txtpb:11: data.table: scales numeric columns to a range, but embedding wants whole numbers");
}

TEST(DataConfig, ReadsTargetsOfATable) {
  std::string config = with("label { classes: [\"no\", \"yes\"] strip: \".\" }", "target {}", kTableConfig);
  config = with("out: 2", "out: 1", with("CROSS_ENTROPY", "MEAN_SQUARED_ERROR", config));
  const Experiment e = parse(config);
  EXPECT_EQ(e.loss, Loss::mean_squared_error);
  EXPECT_EQ(e.train.dataset.classes, 0);
  EXPECT_EQ(e.train.label_shape, Shape{1});
}

TEST(DataConfig, TellsWhatIsWrongWithATable) {
  expect_problem(with("upper: 120", "upper: 0", kTableConfig),
                 "c.txtpb:12: data.table.column[0]: column \"age\": lower must be below upper");
  expect_problem(
      with("lower: 0 ", "", kTableConfig),
      "c.txtpb:12: data.table.column[0].numeric.lower: is missing; state a finite number. It has no default: "
      "bounds are public");
  expect_problem(with("upper: 120", "upper: inf", kTableConfig),
                 "c.txtpb:12: data.table.column[0].numeric.upper: is inf");
  expect_problem(with("name: \"id\" ", "", kTableConfig),
                 "c.txtpb:13: data.table.column[1]: column \"\": a column needs");
  expect_problem(with("ignored {}", "", kTableConfig),
                 "c.txtpb:13: data.table.column[1]: lacks its kind; state one of ignored, numeric, categorical, label");
  expect_problem(with("separator: \";\"", "separator: \"ab\"", kTableConfig),
                 "c.txtpb:16: data.table.separator: is not one ASCII character");
  expect_problem(with("\"a\", \"b\"", "\"a\", \"a\"", kTableConfig),
                 "c.txtpb:14: data.table.column[2]: column \"work\"");
  expect_problem(with("label { classes: [\"no\", \"yes\"] strip: \".\" }", "ignored {}",
                      with("loss: CROSS_ENTROPY", "loss: MEAN_SQUARED_ERROR", kTableConfig)),
                 "c.txtpb:11: data.table: has nothing to predict; add a label or target column");
}

TEST(DataConfig, KeepsTablesAndOtherFilesApart) {
  expect_problem(with("data {", "data { normalise { mean: 1 }", kTableConfig),
                 "c.txtpb:8: data.normalise: is not for csv");
  expect_problem(with("data {", "data { layout: GREY", kTableConfig), "c.txtpb:8: data.layout: is for images, not");
  expect_problem(with("data {", "data { shape: 5", kTableConfig),
                 "c.txtpb:8: data.shape: is [5], but the columns of table make [4]; leave it out");
  expect_problem(with("data {", "data { classes: 5", kTableConfig),
                 "c.txtpb:8: data.classes: is 5, but the label column of table has 2; leave it out");
  expect_problem(with("classes: 10",
                      "table { column { name: \"x\" numeric { lower: 0 upper: 1 } } "
                      "column { name: \"y\" label { classes: \"a\" classes: \"b\" } } }",
                      with("shape: [8, 8, 1]", "shape: [1]",
                           with("out: 10", "out: 2", with("layer { conv2d { out_channels: 4 kernel: 3 } }", "")))),
                 "c.txtpb:13: data.table: is for csv files, and neither train nor test is one; leave it out");
}

TEST(DataConfig, ReadsHdf5AndNumPy) {
  const std::string config =
      with("train { idx { inputs: \"train-images.gz\" labels: \"/data/train-labels.gz\" } }",
           "train { hdf5 { file: \"a.h5\" labels: \"y\" } } test { npy { inputs: \"x.npy\" labels: \"y.npy\" } } "
           "layout: CHANNELS_FIRST normalise { divide_by: 255 mean: 0.5 standard_deviation: 0.25 }");
  const Experiment e = parse(config);
  const auto& hdf5 = std::get<Hdf5Source>(e.train.source);
  EXPECT_EQ(hdf5.file, "/configs/a.h5");
  EXPECT_EQ(hdf5.inputs, "inputs");
  EXPECT_EQ(hdf5.labels, "y");
  EXPECT_EQ(std::get<NpySource>(e.test->source).labels, "/configs/y.npy");
  EXPECT_EQ(e.train.dataset.layout, InputLayout::channels_first);
  EXPECT_FLOAT_EQ(e.train.dataset.scaling.scale, 1.0F / (255 * 0.25F));
  EXPECT_FLOAT_EQ(e.train.dataset.scaling.offset, -2);
  EXPECT_FALSE(e.train.label_shape);
}

TEST(DataConfig, TellsWhatIsWrongWithShapesAndConstants) {
  expect_problem(with("shape: [8, 8, 1]", ""), "c.txtpb:10: data.shape: is missing; state the shape of one input");
  expect_problem(with("shape: [8, 8, 1]", "shape: [8, 8, 0]"), "c.txtpb:12: data.shape[2]: is 0; state a whole number");
  expect_problem(with("shape: [8, 8, 1]", "shape: [8, 8, 3] layout: GREY"),
                 "c.txtpb:12: data.shape: is [8, 8, 3]; grey images are [height, width, 1]");
  expect_problem(with("classes: 10", "classes: 1"), "c.txtpb:13: data.classes: is 1; state a whole number from 2");
  expect_problem(with("classes: 10", ""), "c.txtpb:10: data.classes: is missing; state how many classes");
  expect_problem(with("classes: 10", "classes: 10 normalise { standard_deviation: 0 }"),
                 "c.txtpb:13: data.normalise.standard_deviation: is 0");
  expect_problem(with("classes: 10", "classes: 10 normalise { divide_by: 1e-300 }"),
                 "c.txtpb:13: data.normalise: gives numbers beyond what float32 can hold");
  expect_problem(with("inputs: \"train-images.gz\" ", ""), "c.txtpb:11: data.train.idx.inputs: is missing");
  expect_problem(with("idx { inputs: \"train-images.gz\" labels: \"/data/train-labels.gz\" }", ""),
                 "c.txtpb:11: data.train: lacks its kind; state one of idx, csv, hdf5 or npy");
  EXPECT_NE(
      problems_of(with("shape: [8, 8, 1]", "shape: [1, 1, 1, 1, 1, 1, 1, 1, 1]")).find("c.txtpb:12: data.shape: "),
      std::string::npos);
}

TEST(DataConfig, FitsLossAndLabels) {
  expect_problem(with("CROSS_ENTROPY", "MEAN_SQUARED_ERROR"),
                 "c.txtpb:24: loss: is MEAN_SQUARED_ERROR, which predicts");
  expect_problem(with("CROSS_ENTROPY", "BINARY_CROSS_ENTROPY"),
                 "c.txtpb:24: loss: is BINARY_CROSS_ENTROPY, but there are 10 classes");
  expect_problem(with("CROSS_ENTROPY", "BINARY_CROSS_ENTROPY", with("classes: 10", "classes: 2")),
                 "c.txtpb:19: model.layer[3]: the model ends in [10], but BINARY_CROSS_ENTROPY needs [1]");
  expect_problem(with("linear { out: 10 }", "linear { out: 11 }"),
                 "c.txtpb:19: model.layer[3]: the model ends in [11], but CROSS_ENTROPY needs [10]");
}

TEST(DataConfig, LetsOnlyFilesTellWhetherLabelsAreAtPositions) {
  const std::string idx = "idx { inputs: \"train-images.gz\" labels: \"/data/train-labels.gz\" }";
  const std::string npy = with(idx, "npy { inputs: \"x.npy\" labels: \"y.npy\" }");
  EXPECT_EQ(problems_of(npy), "");
  EXPECT_EQ(problems_of(with("layer { flatten {} }", "", npy)), "");  // a class at each position: [6, 6, 10]
  expect_problem(with("layer { flatten {} }", ""), "c.txtpb:19: model.layer[2]: the model ends in [6, 6, 10]");
  expect_problem(with("out: 10", "out: 9", npy),
                 "c.txtpb:19: model.layer[3]: the model ends in [9], but CROSS_ENTROPY needs [..., 10]");
}

}  // namespace
}  // namespace dpml
