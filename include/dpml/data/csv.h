#pragma once

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "dpml/data/tensor_dataset.h"

namespace dpml {

/// Where a scaled number lies: public lower bound -> 0 or -1, public upper bound -> 1.
enum class NumericRange { zero_to_one, minus_one_to_one };

/// What becomes of a row with a category that is not listed.
enum class UnknownValue { error, drop_row, all_zero };

/// What becomes of a row with a missing value in a column that is used. `neutral` keeps it: no category, or the middle
/// of the range. A missing label or target drops the row under drop_row and is an error otherwise.
enum class MissingValue { error, drop_row, neutral };

/// Read past; its fields may hold anything.
struct CsvIgnored {};

/// One feature: the number is clamped to [lower, upper] and scaled to the range. The bounds are public: they come from
/// what is known about the question, never from the rows.
struct CsvNumeric {
  double lower = 0.0;
  double upper = 0.0;  ///< > lower
  NumericRange range = NumericRange::zero_to_one;
};

/// One feature for each listed value: 1 for the row's value, 0 for the others.
struct CsvCategorical {
  std::vector<std::string> values = {};
  UnknownValue unknown = UnknownValue::error;
};

/// The class of the row, held as its place in `classes`. Any other text is an error.
struct CsvClassLabel {
  std::vector<std::string> classes = {};  ///< two or more
  std::string strip = {};                 ///< letters taken off the end of a field first: "." reads "<=50K." as "<=50K"
};

/// One target of a regression, as it stands.
struct CsvTarget {};

struct CsvColumn {
  std::string name;
  std::variant<CsvIgnored, CsvNumeric, CsvCategorical, CsvClassLabel, CsvTarget> kind;
};

/// What a table holds, declared beforehand. Public: nothing here is taken from the rows, and each row is read, dropped
/// or refused by itself, whatever the others hold.
struct CsvSchema {
  bool header = true;    ///< the first line holds the names of the columns, which must be those below
  char separator = ',';  ///< not a space, a quote or the end of a line
  std::vector<std::string> missing_markers = {};  ///< fields that mean "not known", for example "?" or ""
  MissingValue on_missing = MissingValue::error;
  std::vector<CsvColumn> columns = {};  ///< all of them, from left to right
};

/// Which columns a file has.
enum class CsvColumns {
  as_declared,    ///< those of the schema, all of them, from left to right
  by_name,        ///< those that are used, wherever the header names them, and any others; without a header as declared
  inputs_by_name  ///< the same, but labels and targets are not read and may be missing
};

/// Everything that is wrong with a schema, in words; empty when it can be used.
std::vector<std::string> csv_schema_problems(const CsvSchema& schema);

/// Names of the features in the order of the input vector, which is the order of the columns: "age",
/// "workclass=Private", "workclass=State-gov", ... Known without any row.
std::vector<std::string> csv_feature_names(const CsvSchema& schema);

/// A table that was read.
struct CsvTable {
  /// Inputs [N, features]; labels [N] for a class label, [N, k] for k targets, [N, 0] without either. Its origin tells
  /// the line of each row, and which rows were dropped.
  TensorDataset dataset;
  std::vector<std::string> feature_names;  ///< [features]
};

/// Reads a table in UTF-8, plain or gzip. Fields may be quoted as in RFC 4180 (a separator, a line end or a doubled
/// quote inside); spaces around fields and lines that are blank are ignored; lines end with or without a carriage
/// return. No more of the text than a row is held, and a row is at most 16 MiB long. Throws ConfigError when the schema
/// has problems; FileError, naming the file, the line and the column but never what stood there, when the file is
/// missing, empty, damaged, or a row does not fit the schema.
CsvTable read_csv(const std::filesystem::path& path, const CsvSchema& schema,
                  CsvColumns columns = CsvColumns::as_declared);

}  // namespace dpml
