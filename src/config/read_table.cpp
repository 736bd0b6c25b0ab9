#include "dpml/base/text.h"
#include "readers.h"
#include "words.h"

namespace dpml::config {

namespace {

constexpr std::array kRanges{
    Word<NumericRange>{"ZERO_TO_ONE", NumericRange::zero_to_one},
    Word<NumericRange>{"MINUS_ONE_TO_ONE", NumericRange::minus_one_to_one},
};

constexpr std::array kUnknown{
    Word<UnknownValue>{"FAIL_ON_UNKNOWN", UnknownValue::error},
    Word<UnknownValue>{"DROP_ROW_WITH_UNKNOWN", UnknownValue::drop_row},
    Word<UnknownValue>{"ALL_ZERO", UnknownValue::all_zero},
};

constexpr std::array kMissing{
    Word<MissingValue>{"FAIL_ON_MISSING", MissingValue::error},
    Word<MissingValue>{"DROP_ROW_WITH_MISSING", MissingValue::drop_row},
    Word<MissingValue>{"KEEP_AS_NEUTRAL", MissingValue::neutral},
};

CsvNumeric read_numeric(const Section& numeric) {
  constexpr std::string_view kWhy = "bounds are public, so they cannot be taken from the rows";
  CsvNumeric options;
  options.lower = numeric.number("lower", kFinite, kWhy);
  options.upper = numeric.number("upper", kFinite, kWhy);
  if (!kFinite.holds(options.lower) || !kFinite.holds(options.upper) || !numeric.states("lower") ||
      !numeric.states("upper")) {
    options = {.lower = 0, .upper = 1};  // told already
  }
  options.range = read_choice(numeric, "range", kRanges).value_or(NumericRange::zero_to_one);
  return options;
}

CsvCategorical read_categorical(const Section& categorical) {
  const auto unknown = read_choice(categorical, "on_unknown", kUnknown);
  return {categorical.texts("values"), unknown.value_or(UnknownValue::error)};
}

using ColumnKind = decltype(CsvColumn::kind);

constexpr std::array kColumns{
    Word<ColumnKind (*)(const Section&)>{"ignored", [](const Section&) -> ColumnKind { return CsvIgnored{}; }},
    Word<ColumnKind (*)(const Section&)>{"numeric",
                                         [](const Section& block) -> ColumnKind { return read_numeric(block); }},
    Word<ColumnKind (*)(const Section&)>{"categorical",
                                         [](const Section& block) -> ColumnKind { return read_categorical(block); }},
    Word<ColumnKind (*)(const Section&)>{"label",
                                         [](const Section& block) -> ColumnKind {
                                           return CsvClassLabel{block.texts("classes"), block.any_text("strip")};
                                         }},
    Word<ColumnKind (*)(const Section&)>{"target", [](const Section&) -> ColumnKind { return CsvTarget{}; }},
};

CsvColumn read_column(const Section& column) {
  CsvColumn options{column.any_text("name"), CsvIgnored{}};
  const std::string word = column.required_choice("kind");
  const auto read = meaning_of(column, "kind", word, kColumns);
  if (read) options.kind = (*read)(column.block(word));
  return options;
}

/// The rules of a schema are the data room's; here they only get their line.
void report_problems(const CsvSchema& schema, const Section& table, const std::vector<Section>& columns) {
  for (const std::string& problem : csv_schema_problems(schema)) {
    const Section* place = &table;
    for (std::size_t i = 0; i < columns.size() && place == &table; ++i) {
      if (problem.starts_with("column \"" + printable(schema.columns[i].name) + "\": ")) place = &columns[i];
    }
    place->problem(problem);
  }
}

}  // namespace

CsvSchema read_table(const Section& table) {
  CsvSchema schema;
  schema.header = table.flag("header");
  const std::string separator = table.text("separator");
  if (separator.size() == 1) schema.separator = separator[0];
  if (separator.size() > 1 || (separator.size() == 1 && static_cast<unsigned char>(separator[0]) > 127)) {
    table.problem("separator", "is not one ASCII character; state one, such as \",\" or \"\\t\"");
  }
  schema.missing_markers = table.texts("missing_marker");
  schema.on_missing = read_choice(table, "on_missing", kMissing).value_or(MissingValue::error);
  const std::vector<Section> columns = table.blocks("column");
  for (const Section& column : columns) schema.columns.push_back(read_column(column));
  report_problems(schema, table, columns);
  return schema;
}

}  // namespace dpml::config
