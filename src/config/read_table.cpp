#include "dpml/base/text.h"
#include "readers.h"

namespace dpml::config {

namespace {

CsvNumeric read_numeric(const Section& numeric) {
  constexpr std::string_view kWhy = "bounds are public, so they cannot be taken from the rows";
  CsvNumeric options;
  options.lower = numeric.number("lower", kFinite, kWhy);
  options.upper = numeric.number("upper", kFinite, kWhy);
  if (!kFinite.holds(options.lower) || !kFinite.holds(options.upper) || !numeric.states("lower") ||
      !numeric.states("upper")) {
    options = {.lower = 0, .upper = 1};  // told already
  }
  options.range =
      numeric.choice("range") == "MINUS_ONE_TO_ONE" ? NumericRange::minus_one_to_one : NumericRange::zero_to_one;
  return options;
}

CsvCategorical read_categorical(const Section& categorical) {
  CsvCategorical options{categorical.texts("values"), UnknownValue::error};
  const std::string unknown = categorical.choice("on_unknown");
  if (unknown == "DROP_ROW_WITH_UNKNOWN") options.unknown = UnknownValue::drop_row;
  if (unknown == "ALL_ZERO") options.unknown = UnknownValue::all_zero;
  return options;
}

CsvColumn read_column(const Section& column) {
  CsvColumn options{column.any_text("name"), CsvIgnored{}};
  const std::string kind = column.required_choice("kind");
  if (kind == "numeric") options.kind = read_numeric(column.block(kind));
  if (kind == "categorical") options.kind = read_categorical(column.block(kind));
  if (kind == "target") options.kind = CsvTarget{};
  if (kind == "label") {
    const Section label = column.block(kind);
    options.kind = CsvClassLabel{label.texts("classes"), label.any_text("strip")};
  }
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
  const std::string on_missing = table.choice("on_missing");
  if (on_missing == "DROP_ROW_WITH_MISSING") schema.on_missing = MissingValue::drop_row;
  if (on_missing == "KEEP_AS_NEUTRAL") schema.on_missing = MissingValue::neutral;
  const std::vector<Section> columns = table.blocks("column");
  for (const Section& column : columns) schema.columns.push_back(read_column(column));
  report_problems(schema, table, columns);
  return schema;
}

}  // namespace dpml::config
