#pragma once

#include <optional>
#include <string>
#include <vector>

#include "csv_rows.h"
#include "dpml/data/csv.h"

namespace dpml {

/// Where the columns of a schema stand in a file.
struct ColumnMap {
  std::vector<std::optional<std::size_t>> field_of = {};  ///< by column; absent: not read
  std::size_t fields = 0;                                 ///< in every row
  std::vector<std::string> unused = {};                   ///< names in the header that the schema does not know
};

bool is_label(const CsvColumn& column);  ///< or target

/// Which columns of the schema are read at all.
bool is_read(const CsvColumn& column, CsvColumns columns);

/// `rows` is at the first row, the header where the schema has one. Throws FileError when it lacks a column.
ColumnMap column_map(const FileContent& content, const CsvRows& rows, const CsvSchema& schema, CsvColumns columns);

/// Throws FileError when the row at hand has another number of fields.
void check_field_count(const FileContent& content, const CsvRows& rows, std::size_t expected);

}  // namespace dpml
