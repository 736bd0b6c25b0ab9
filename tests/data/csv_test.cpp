#include "dpml/data/csv.h"

#include <numeric>

#include "data/files.h"

namespace dpml {
namespace {

std::vector<float> list(const Tensor& tensor) {
  return {tensor.values().begin(), tensor.values().end()};
}

Batch all(const CsvTable& table) {
  std::vector<Index> indices(static_cast<std::size_t>(table.dataset.size()));
  std::iota(indices.begin(), indices.end(), Index{0});
  Batch batch;
  table.dataset.read(indices, batch);
  return batch;
}

Index dropped(const CsvTable& table) {
  return table.dataset.origin().rows - table.dataset.size();
}

/// age 0..100, work a | b, an ignored column, income.
CsvSchema people() {
  return {.missing_markers = {"?"},
          .on_missing = MissingValue::drop_row,
          .columns = {{"age", CsvNumeric{.lower = 0, .upper = 100}},
                      {"work", CsvCategorical{.values = {"State-gov", "Private"}}},
                      {"weight", CsvIgnored{}},
                      {"income", CsvClassLabel{.classes = {"<=50K", ">50K"}, .strip = "."}}}};
}

constexpr const char* kPeople =
    "age, work, weight, income\n"
    "25, Private, 226802, <=50K.\n"
    "150, State-gov, ?, >50K\n"
    "?, State-gov, 1, >50K\n"
    "-7, ?, 1, >50K\n";

TEST(Csv, ReadsATableByItsSchema) {
  const TemporaryFolder folder;
  for (const std::string& content : {std::string(kPeople), gzip(kPeople)}) {
    const CsvTable table = read_csv(folder.write("people", content), people());
    const Batch batch = all(table);
    EXPECT_EQ(table.feature_names, (std::vector<std::string>{"age", "work=State-gov", "work=Private"}));
    EXPECT_EQ(batch.inputs.shape(), (Shape{2, 3}));
    EXPECT_EQ(list(batch.inputs), (std::vector<float>{0.25F, 0, 1, 1, 1, 0}));
    EXPECT_EQ(batch.labels.shape(), Shape{2});
    EXPECT_EQ(list(batch.labels), (std::vector<float>{0, 1}));
    EXPECT_EQ(table.dataset.origin().lines, (std::vector<Index>{2, 3}));
    EXPECT_EQ(dropped(table), 2);
  }
}

TEST(Csv, ReadsARowTheSameWhateverTheOthersAre) {
  const TemporaryFolder folder;
  CsvSchema schema = people();
  schema.header = false;
  const std::vector<std::string> rows{"25, Private, 1, <=50K\n", "1e9, State-gov, 1, >50K\n", "?, Private, 1, >50K\n",
                                      "-3, Private, 1, >50K\n"};
  std::vector<float> one_by_one;
  for (const std::string& row : rows) {
    const std::vector<float> inputs = list(all(read_csv(folder.write("row", row), schema)).inputs);
    one_by_one.insert(one_by_one.end(), inputs.begin(), inputs.end());
  }
  const std::string together = std::accumulate(rows.begin(), rows.end(), std::string());
  EXPECT_EQ(list(all(read_csv(folder.write("rows", together), schema)).inputs), one_by_one);
}

TEST(Csv, FollowsTheSchemaWhereAValueIsMissing) {
  const TemporaryFolder folder;
  const auto path = folder.write("people", kPeople);
  CsvSchema schema = people();
  schema.on_missing = MissingValue::neutral;
  EXPECT_EQ(list(all(read_csv(path, schema)).inputs), (std::vector<float>{0.25F, 0, 1, 1, 1, 0, 0.5F, 1, 0, 0, 0, 0}));
  std::get<CsvNumeric>(schema.columns[0].kind).range = NumericRange::minus_one_to_one;
  EXPECT_EQ(list(all(read_csv(path, schema)).inputs), (std::vector<float>{-0.5F, 0, 1, 1, 1, 0, 0, 1, 0, -1, 0, 0}));
  schema.on_missing = MissingValue::error;
  EXPECT_TRUE(refuses(path, "line 4, column \"age\": the value is missing", [&] { read_csv(path, schema); }));
  schema.on_missing = MissingValue::neutral;
  folder.write("people", "age,work,weight,income\n1,Private,1,?\n");
  EXPECT_TRUE(refuses(path, "line 2, column \"income\": the label is missing", [&] { read_csv(path, schema); }));
}

TEST(Csv, DropsARowForAMissingValueBeforeItLooksAtTheRest) {
  const TemporaryFolder folder;
  const auto path = folder.write("people", "age,work,weight,income\nold,?,1,<=50K\n");
  EXPECT_EQ(dropped(read_csv(path, people())), 1);
}

TEST(Csv, FollowsTheSchemaWhereACategoryIsNotListed) {
  const TemporaryFolder folder;
  const auto path = folder.write("people", "age,work,weight,income\n50,Army,1,<=50K\n50,Private,1,<=50K\n");
  CsvSchema schema = people();
  auto& work = std::get<CsvCategorical>(schema.columns[1].kind);
  EXPECT_TRUE(refuses(path, "line 2, column \"work\": expected one of the 2 values", [&] { read_csv(path, schema); }));
  work.unknown = UnknownValue::all_zero;
  EXPECT_EQ(list(all(read_csv(path, schema)).inputs), (std::vector<float>{0.5F, 0, 0, 0.5F, 0, 1}));
  work.unknown = UnknownValue::drop_row;
  const CsvTable table = read_csv(path, schema);
  EXPECT_EQ(list(all(table).inputs), (std::vector<float>{0.5F, 0, 1}));
  EXPECT_EQ(list(all(table).labels), std::vector<float>{0});
  EXPECT_EQ(table.dataset.origin().lines, std::vector<Index>{3});
}

TEST(Csv, DropsTheLabelTogetherWithTheRow) {
  const TemporaryFolder folder;
  const CsvSchema schema{
      .columns = {{"label", CsvClassLabel{.classes = {"no", "yes"}}},
                  {"work", CsvCategorical{.values = {"Private"}, .unknown = UnknownValue::drop_row}}}};
  const CsvTable table = read_csv(folder.write("table", "label,work\nyes,Army\nno,Private\nyes,Private\n"), schema);
  EXPECT_EQ(list(all(table).labels), (std::vector<float>{0, 1}));
}

/// Two columns of text, told by the categories they match.
CsvSchema words(const std::string& first, const std::string& second, char separator = ',') {
  return {.header = false,
          .separator = separator,
          .columns = {{"first", CsvCategorical{.values = {first}}}, {"second", CsvCategorical{.values = {second}}}}};
}

TEST(Csv, ReadsQuotedFields) {
  const TemporaryFolder folder;
  const auto rows = [&](const std::string& text, const CsvSchema& schema) {
    return read_csv(folder.write("words", text), schema).dataset.origin().lines;
  };
  EXPECT_EQ(rows("\"a,b\",c\n", words("a,b", "c")), std::vector<Index>{1});
  EXPECT_EQ(rows("\"a \"\"b\"\"\",c\n", words("a \"b\"", "c")), std::vector<Index>{1});
  EXPECT_EQ(rows("\"\"\"\"\"\", c", words("\"\"", "c")), std::vector<Index>{1});
  EXPECT_EQ(rows("  \" a \"  ,\t\"c\"\t\r\n", words(" a ", "c")), std::vector<Index>{1});
  EXPECT_EQ(rows("\"\",\n", words("", "")), std::vector<Index>{1});
  EXPECT_EQ(rows("\"a\nb\",c\n\n\"a\nb\",c", words("a\nb", "c")), (std::vector<Index>{1, 4}));
  EXPECT_EQ(rows("a\"b,c", words("a\"b", "c")), std::vector<Index>{1});
}

TEST(Csv, ReadsAnySeparatorAndAnyLineEnd) {
  const TemporaryFolder folder;
  for (const std::string text :
       {"a;b\na;b\n", "a;b\r\na;b\r\n", "a;b\na;b", "\xEF\xBB\xBF a ; b \na;b \r", "\n \t\na;b\n\r\n\na;b\n \n\n"}) {
    EXPECT_EQ(read_csv(folder.write("words", text), words("a", "b", ';')).dataset.origin().lines.size(), 2U) << text;
  }
  EXPECT_EQ(read_csv(folder.write("words", "a b\t\"b\"\n a b \t b \n"), words("a b", "b", '\t'))
                .dataset.origin()
                .lines.size(),
            2U);
  EXPECT_EQ(read_csv(folder.write("words", "\tb\n"), words("", "b", '\t')).dataset.origin().lines.size(), 1U)
      << "a tab that separates is not taken for a space at the start of a field";
}

TEST(Csv, ReadsTargetsAndTablesWithoutLabels) {
  const TemporaryFolder folder;
  CsvSchema schema{.columns = {{"y1", CsvTarget{}}, {"x", CsvNumeric{.lower = -1, .upper = 1}}, {"y2", CsvTarget{}}}};
  const auto path = folder.write("table", "y1,x,y2\n-1.5,0,+2e3\n");
  const Batch batch = all(read_csv(path, schema));
  EXPECT_EQ(batch.labels.shape(), (Shape{1, 2}));
  EXPECT_EQ(list(batch.labels), (std::vector<float>{-1.5F, 2000}));
  EXPECT_EQ(list(batch.inputs), std::vector<float>{0.5F});
  folder.write("table", "y1,x,y2\n1e39,0,0\n");
  EXPECT_TRUE(
      refuses(path, "line 2, column \"y1\": expected a number that fits float32", [&] { read_csv(path, schema); }));
  schema.columns[0].kind = schema.columns[2].kind = CsvIgnored{};
  EXPECT_EQ(all(read_csv(path, schema)).labels.shape(), (Shape{1, 0}));
  folder.write("table", "y1,x,y2\n");
  EXPECT_EQ(all(read_csv(path, schema)).inputs.shape(), (Shape{0, 1}));
}

TEST(Csv, NamesLineAndColumnButNeverTheValue) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "people";
  const auto expect = [&](const std::string& rows, const std::string& text) {
    folder.write("people", "age,work,weight,income\n1,Private,1,>50K\n\n" + rows);
    const auto result = refuses(path, text, [&] { read_csv(path, people()); });
    EXPECT_TRUE(result);
    EXPECT_EQ(std::string(result.message()).find("secret"), std::string::npos) << result.message();
  };
  expect("secret,Private,1,>50K\n", "line 4, column \"age\": expected a finite number");
  for (const std::string number : {"", "nan", "inf", "1e999", "1 2", "0x10", "1secret", "+-1", "--1"}) {
    expect(number + ",Private,1,>50K\n",
           "line 4, column \"age\": expected a finite number; where values may be missing, state missing_marker");
  }
  expect("1,secret,1,>50K\n", "line 4, column \"work\": expected one of the 2 values");
  expect("1,Private,1,secret\n", "line 4, column \"income\": expected <=50K or >50K");
  expect("1,Private,secret\n", "line 4: 3 fields, but the table has 4 columns");
  expect("1,Private,secret,1,1\n", "line 4: 5 fields");
  expect("secret\n", "line 4: 1 field, but the table has 4 columns; fields are separated by \",\"");
  expect("1,Private,1,>50K\n1,\"secret,1,>50K\n", "line 5: a quoted field is never closed");
  expect("1,\"Private\"secret,1,>50K\n", "line 4: text follows a closing quote");
}

TEST(Csv, NamesFewClassesAndCountsMany) {
  const TemporaryFolder folder;
  const auto path = folder.write("pets", "age,pet\n1,fish\n");
  CsvClassLabel pets{.classes = {"cat", "dog"}};
  CsvSchema schema{.columns = {{"age", CsvNumeric{.lower = 0, .upper = 9}}, {"pet", pets}}};
  EXPECT_TRUE(refuses(path, "column \"pet\": expected cat or dog", [&] { read_csv(path, schema); }));
  for (int i = 0; i < 1000; ++i) pets.classes.push_back("pet " + std::to_string(i));
  schema.columns[1].kind = pets;
  EXPECT_TRUE(refuses(path, "column \"pet\": expected one of the 1,002 classes listed in the schema",
                      [&] { read_csv(path, schema); }));
}

TEST(Csv, ChecksTheHeaderWithoutRepeatingIt) {
  const TemporaryFolder folder;
  const auto path = folder.write("people", "1,secret,1,>50K\n");
  const auto wrong =
      refuses(path,
              "line 1: the header does not name column 1 \"age\", as the schema does; expected its names in its order "
              "(where the first line holds data, the schema must say header: false)",
              [&] { read_csv(path, people()); });
  EXPECT_TRUE(wrong);
  EXPECT_EQ(std::string(wrong.message()).find("secret"), std::string::npos);
  folder.write("people", "\n\n");
  EXPECT_TRUE(refuses(path, "names of the columns", [&] { read_csv(path, people()); }));
  folder.write("people", kPeople);
  CsvSchema schema = people();
  schema.header = false;
  EXPECT_TRUE(refuses(path, "if the first line holds names", [&] { read_csv(path, schema); }));
}

TEST(Csv, FindsColumnsByName) {
  const TemporaryFolder folder;
  const auto path =
      folder.write("people", "income,note,age,work\n<=50K,a,25,Private\n>50K,b,50,State-gov\nperhaps,?,?,Private\n");
  const CsvTable table = read_csv(path, people(), CsvColumns::by_name);
  EXPECT_EQ(list(all(table).inputs), (std::vector<float>{0.25F, 0, 1, 0.5F, 1, 0}));
  EXPECT_EQ(list(all(table).labels), (std::vector<float>{0, 1}));
  const DataOrigin& origin = table.dataset.origin();
  EXPECT_EQ(origin.unused_columns, std::vector<std::string>{"note"});
  EXPECT_EQ(origin.rows, 3);
  EXPECT_EQ(table.dataset.place_of(SamplePart::input, 1, 2), path.string() + ": line 3, column \"work\"");
  EXPECT_EQ(table.dataset.place_of(SamplePart::label, 1, 0), path.string() + ": line 3, column \"income\"");
  EXPECT_TRUE(refuses(path, "line 1: the header does not name column 1 \"age\"", [&] { read_csv(path, people()); }));

  const CsvTable inputs =
      read_csv(folder.write("bare", "work,age\nPrivate,25\n"), people(), CsvColumns::inputs_by_name);
  EXPECT_EQ(list(all(inputs).inputs), (std::vector<float>{0.25F, 0, 1}));
  EXPECT_EQ(inputs.dataset.label_shape(), Shape{0});
  // A label that is there says nothing, whatever it is.
  const CsvTable labelled = read_csv(folder.write("labelled", "income,work,age\n?,Private,25\nno,Private,25\n"),
                                     people(), CsvColumns::inputs_by_name);
  EXPECT_EQ(labelled.dataset.size(), 2);
}

TEST(Csv, SaysWhichColumnCannotBeFoundByName) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "people";
  const auto expect = [&](const std::string& text, const std::string& message) {
    folder.write("people", text);
    const auto result = refuses(path, message, [&] { read_csv(path, people(), CsvColumns::inputs_by_name); });
    EXPECT_TRUE(result);
    EXPECT_EQ(std::string(result.message()).find("secret"), std::string::npos) << result.message();
  };
  expect(
      "age,secret\n1,Private\n",
      "line 1: the header does not name the column \"work\"; expected it to name each of these columns, in any order: "
      "\"age\" and \"work\"");
  expect("age,work,age\n1,Private,2\n", "line 1: the header names the column \"age\" twice");
  expect("age,work,secret\n1,Private\n", "line 2: 2 fields, but the table has 3 columns");
}

TEST(Csv, WithoutAHeaderTakesTheDeclaredColumnsWithLabelsOrWithout) {
  const TemporaryFolder folder;
  CsvSchema schema = people();
  schema.header = false;
  const auto read = [&](const std::string& text) {
    return list(all(read_csv(folder.write("people", text), schema, CsvColumns::inputs_by_name)).inputs);
  };
  EXPECT_EQ(read("25,Private,7,<=50K\n"), (std::vector<float>{0.25F, 0, 1}));
  EXPECT_EQ(read("25,Private,7\n"), (std::vector<float>{0.25F, 0, 1}));
  const auto path = folder.write("people", "25,Private,7\n25,Private,7,<=50K\n");
  EXPECT_TRUE(refuses(path, "line 2: 4 fields", [&] { read_csv(path, schema, CsvColumns::inputs_by_name); }));
}

TEST(Csv, TellsWhichRowsWereDropped) {
  const TemporaryFolder folder;
  const auto origin = [&](const std::string& rows) {
    return read_csv(folder.write("people", "age,work,weight,income\n" + rows), people()).dataset.origin();
  };
  const std::string kept = "1,Private,1,>50K\n";
  const std::string dropped = "?,Private,1,>50K\n";
  EXPECT_EQ(origin(kept + dropped + kept + dropped).row_of_sample, (std::vector<Index>{0, 2}));
  EXPECT_EQ(origin(dropped + kept).row_of_sample, (std::vector<Index>{1}));
  EXPECT_EQ(origin(dropped + dropped).rows, 2);
  EXPECT_TRUE(origin(kept + kept).row_of_sample.empty());
}

/// Rows and fields across the ends of the pieces in which a file is read, a mebibyte each.
TEST(Csv, ReadsLongTextInPieces) {
  const TemporaryFolder folder;
  const std::string row = "  \"a \"\"b\"\"\nc\" , x\r\n";
  std::string text;
  while (text.size() < std::size_t{5} << 19) text += row;
  for (std::size_t shift = 0; shift < row.size(); ++shift) {
    const CsvTable table = read_csv(folder.write("words", std::string(shift, '\n') + text), words("a \"b\"\nc", "x"));
    EXPECT_EQ(table.dataset.size(), std::ssize(text) / std::ssize(row));
    EXPECT_EQ(table.dataset.origin().lines[1], static_cast<Index>(shift) + 3);
  }
  const std::string longest(std::size_t{15} << 20, 'y');
  EXPECT_EQ(read_csv(folder.write("words", longest + ",x\n"), words(longest, "x")).dataset.size(), 1);
}

TEST(Csv, RefusesWhatIsNoTableWithoutHoldingIt) {
  const TemporaryFolder folder;
  const std::string zeros(std::size_t{40} << 20, '\0');
  EXPECT_TRUE(refuses(folder.write("words", zeros), "line 1: a row of more than 16 MiB",
                      [&] { read_csv(folder.write("words", zeros), words("a", "b")); }));
  const std::string commas(std::size_t{2} << 20, ',');
  EXPECT_TRUE(refuses(folder.write("words", commas), "line 1: a row of more than 1,048,576 fields",
                      [&] { read_csv(folder.write("words", commas), words("a", "b")); }));
  for (const std::string& content : {gzip(zeros), gzip("a,\"" + zeros)}) {
    const auto path = folder.write("words", content);
    EXPECT_TRUE(refuses(path, "the gzip data unfolds to more than", [&] { read_csv(path, words("a", "b")); }));
  }
  const auto path = folder.write("words", std::string("\xFF\xFE"
                                                      "a\0,\0b\0\n\0",
                                                      10));
  EXPECT_TRUE(refuses(path, "is UTF-16 text", [&] { read_csv(path, words("a", "b")); }));
}

TEST(Csv, RefusesAPackedFileThatUnfoldsTooFar) {
  const TemporaryFolder folder;
  std::string rows;
  while (rows.size() < std::size_t{60} << 20) rows += "a,b\n";
  EXPECT_TRUE(refuses(folder.write("words", gzip(rows)), "the gzip data unfolds to more than 200 times its length",
                      [&] { read_csv(folder.write("words", gzip(rows)), words("a", "b")); }));
}

TEST(Csv, SaysEverythingThatIsWrongWithASchema) {
  const auto problems = [](const CsvSchema& schema) {
    std::string text;
    for (const std::string& problem : csv_schema_problems(schema)) text += problem + "\n";
    return text;
  };
  EXPECT_EQ(problems(people()), "");
  EXPECT_EQ(problems({}), "no column gives a feature; expected at least one numeric or categorical\n");
  EXPECT_EQ(problems({.separator = '"',
                      .missing_markers = {"?"},
                      .columns = {{"a", CsvNumeric{.lower = 1, .upper = 1}},
                                  {"a", CsvCategorical{.values = {"x", "x", "?"}}},
                                  {"", CsvClassLabel{.classes = {"yes."}, .strip = "."}},
                                  {"b", CsvNumeric{.lower = -1e308, .upper = 1e308}},
                                  {"c", CsvCategorical{}},
                                  {"d", CsvTarget{}},
                                  {"e", CsvClassLabel{.classes = {"no", "yes"}}}}}),
            "the separator must not be a space, a quote or the end of a line\n"
            "column \"a\": lower must be below upper, and both finite\n"
            "column \"a\": the name is used twice\n"
            "column \"a\": value \"x\" is listed twice\n"
            "column \"a\": value \"?\" is also a marker of missing values\n"
            "column \"\": a column needs a name\n"
            "column \"\": expected at least two classes\n"
            "column \"\": class \"yes.\" ends in a letter that is stripped, so no field can match it\n"
            "column \"b\": upper - lower is beyond the largest number; state bounds that are nearer to each other\n"
            "column \"c\": expected at least one value\n"
            "more than one column holds the label\n"
            "a table has either a label or targets, not both\n");
  const TemporaryFolder folder;
  EXPECT_THROW(read_csv(folder.write("people", kPeople), {}), ConfigError);
}

TEST(Csv, NeverCrashesOnADamagedFile) {
  const TemporaryFolder folder;
  CsvSchema schema = people();
  for (const MissingValue on_missing : {MissingValue::drop_row, MissingValue::neutral, MissingValue::error}) {
    schema.on_missing = on_missing;
    const auto read = [&](const std::filesystem::path& path) { read_csv(path, schema); };
    EXPECT_GT(refused_when_damaged(folder, kPeople, read), 0);
    EXPECT_GT(
        refused_when_damaged(folder, "\"age\",\"work\",\"weight\",income\n1,\"Private\",\"\"\"\",\">50K\"\r\n", read),
        0);
  }
}

}  // namespace
}  // namespace dpml
