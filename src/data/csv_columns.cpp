#include "csv_columns.h"

#include <algorithm>

#include "dpml/base/text.h"

namespace dpml {

namespace {

/// The columns of the schema from left to right; without those of labels and targets where the file has none.
ColumnMap map_as_declared(const CsvSchema& schema, CsvColumns columns, std::size_t fields) {
  const auto labels = static_cast<std::size_t>(std::count_if(schema.columns.begin(), schema.columns.end(), is_label));
  const bool lacks_labels =
      columns == CsvColumns::inputs_by_name && labels > 0 && fields == schema.columns.size() - labels;
  ColumnMap map{.field_of = {}, .fields = schema.columns.size() - (lacks_labels ? labels : 0), .unused = {}};
  std::size_t next = 0;
  for (const CsvColumn& column : schema.columns) {
    map.field_of.push_back(is_read(column, columns) ? std::optional(next) : std::nullopt);
    if (!lacks_labels || !is_label(column)) ++next;
  }
  return map;
}

/// What stands in the header is not repeated: it is a row of data where the header is missing.
void check_header(const FileContent& content, const CsvRows& rows, const CsvSchema& schema) {
  check_field_count(content, rows, schema.columns.size());
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    if (rows.fields()[i] == schema.columns[i].name) continue;
    content.fail("line " + std::to_string(rows.line()) + ": the header does not name column " + std::to_string(i + 1) +
                 " \"" + printable(schema.columns[i].name) +
                 "\", as the schema does; expected its names in its order (where the first line holds data, the schema "
                 "must say header: false)");
  }
}

ColumnMap map_by_name(const FileContent& content, const CsvRows& rows, const CsvSchema& schema, CsvColumns columns) {
  const std::vector<std::string_view>& header = rows.fields();
  const auto fail = [&](const std::string& problem) {
    std::vector<std::string> names;
    for (const CsvColumn& column : schema.columns) {
      if (is_read(column, columns)) names.push_back("\"" + printable(column.name) + "\"");
    }
    content.fail("line " + std::to_string(rows.line()) + ": the header " + problem +
                 "; expected it to name each of these columns, in any order: " + list_words(names, " and "));
  };
  ColumnMap map{.field_of = {}, .fields = header.size(), .unused = {}};
  for (const CsvColumn& column : schema.columns) {
    map.field_of.emplace_back();
    if (!is_read(column, columns)) continue;
    const auto found = std::find(header.begin(), header.end(), column.name);
    if (found == header.end()) fail("does not name the column \"" + printable(column.name) + "\"");
    if (std::find(found + 1, header.end(), column.name) != header.end()) {
      fail("names the column \"" + printable(column.name) + "\" twice");
    }
    map.field_of.back() = static_cast<std::size_t>(found - header.begin());
  }
  for (const std::string_view name : header) {
    const bool is_known = std::any_of(schema.columns.begin(), schema.columns.end(),
                                      [&](const CsvColumn& column) { return column.name == name; });
    if (!is_known) map.unused.emplace_back(name);
  }
  return map;
}

}  // namespace

bool is_label(const CsvColumn& column) {
  return std::holds_alternative<CsvClassLabel>(column.kind) || std::holds_alternative<CsvTarget>(column.kind);
}

bool is_read(const CsvColumn& column, CsvColumns columns) {
  if (std::holds_alternative<CsvIgnored>(column.kind)) return false;
  return columns != CsvColumns::inputs_by_name || !is_label(column);
}

void check_field_count(const FileContent& content, const CsvRows& rows, std::size_t expected) {
  if (rows.fields().size() == expected) return;
  const std::string hint =
      rows.fields().size() == 1
          ? "; fields are separated by \"" + printable(std::string(1, rows.separator())) + "\", as the schema says"
          : "";
  content.fail("line " + std::to_string(rows.line()) + ": " + counted(std::ssize(rows.fields()), "field") +
               ", but the table has " + counted(static_cast<Index>(expected), "column") + hint);
}

ColumnMap column_map(const FileContent& content, const CsvRows& rows, const CsvSchema& schema, CsvColumns columns) {
  if (!schema.header) return map_as_declared(schema, columns, rows.fields().size());
  if (columns != CsvColumns::as_declared) return map_by_name(content, rows, schema, columns);
  check_header(content, rows, schema);
  return map_as_declared(schema, columns, rows.fields().size());
}

}  // namespace dpml
