#include "dpml/data/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "csv_columns.h"
#include "csv_rows.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "file_content.h"

namespace dpml {

namespace {

enum class Outcome { kept, dropped };

/// The finite number that a whole field spells.
std::optional<double> parsed(std::string_view field) {
  if (field.starts_with('+') && !field.starts_with("+-")) field.remove_prefix(1);
  double number = 0.0;
  const char* end = field.data() + field.size();
  const auto result = std::from_chars(field.data(), end, number);
  if (result.ec != std::errc() || result.ptr != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

/// All of them, or how many there are: a message must stay readable.
std::string classes_in_words(const std::vector<std::string>& classes) {
  constexpr Index kFew = 10;
  if (std::ssize(classes) <= kFew) {
    std::vector<std::string> names;
    for (const std::string& name : classes) names.push_back(printable(name));
    return list_words(names);
  }
  return "one of the " + counted(std::ssize(classes), "class", "classes") + " listed in the schema";
}

/// Turns rows of fields into numbers, each row by itself, and collects those of the rows it keeps.
class Encoder {
 public:
  Encoder(const FileContent& content, const CsvSchema& schema, const ColumnMap& map)
      : content_(content), schema_(schema), map_(map) {
    for (const CsvColumn& column : schema.columns) {
      Places& places = places_.emplace_back();
      const std::vector<std::string>* words = nullptr;
      if (const auto* categorical = std::get_if<CsvCategorical>(&column.kind)) words = &categorical->values;
      if (const auto* label = std::get_if<CsvClassLabel>(&column.kind)) words = &label->classes;
      for (std::size_t i = 0; words != nullptr && i < words->size(); ++i) places.emplace((*words)[i], i);
    }
  }

  Outcome encode(std::span<const std::string_view> fields, Index line) {
    const std::size_t inputs = inputs_.size();
    const std::size_t labels = labels_.size();
    line_ = line;
    Outcome outcome = check_missing(fields);
    for (column_ = 0; column_ < schema_.columns.size() && outcome == Outcome::kept; ++column_) {
      if (!map_.field_of[column_]) continue;
      const std::string_view field = fields[*map_.field_of[column_]];
      outcome = std::visit([&](const auto& kind) { return add(kind, field); }, schema_.columns[column_].kind);
    }
    if (outcome == Outcome::dropped) {
      inputs_.resize(inputs);
      labels_.resize(labels);
    }
    return outcome;
  }

  const std::vector<float>& inputs() const { return inputs_; }
  const std::vector<float>& labels() const { return labels_; }

 private:
  using Places = std::map<std::string, std::size_t, std::less<>>;

  /// Names the place and what was expected there, never what stood there.
  [[noreturn]] void fail(const std::string& problem) const {
    const bool may_be_header = line_ == 1 && !schema_.header;
    content_.fail("line " + std::to_string(line_) + ", column \"" + printable(schema_.columns[column_].name) +
                  "\": " + problem + (may_be_header ? "; if the first line holds names, the schema must say so" : ""));
  }

  bool is_missing(std::string_view field) const {
    const auto& markers = schema_.missing_markers;
    return std::find(markers.begin(), markers.end(), field) != markers.end();
  }

  /// Looked at before any field is read, so that a dropped row is not also an error.
  Outcome check_missing(std::span<const std::string_view> fields) {
    if (schema_.missing_markers.empty()) return Outcome::kept;
    for (column_ = 0; column_ < schema_.columns.size(); ++column_) {
      const CsvColumn& column = schema_.columns[column_];
      if (!map_.field_of[column_] || !is_missing(fields[*map_.field_of[column_]])) continue;
      switch (schema_.on_missing) {
        case MissingValue::drop_row:
          return Outcome::dropped;
        case MissingValue::error:
          fail("the value is missing, and the schema calls that an error (on_missing)");
        case MissingValue::neutral:
          if (is_label(column)) fail("the label is missing; such rows can only be dropped");
          break;
      }
    }
    return Outcome::kept;
  }

  double number(std::string_view field) const {
    const std::optional<double> number = parsed(field);
    if (!number) {
      fail("expected a finite number; where values may be missing, state missing_marker (\"\" for an empty field)");
    }
    return *number;
  }

  Outcome add(const CsvIgnored&, std::string_view) { return Outcome::kept; }  // has no field

  Outcome add(const CsvNumeric& kind, std::string_view field) {
    double place = 0.5;
    if (!is_missing(field)) {
      place = (std::clamp(number(field), kind.lower, kind.upper) - kind.lower) / (kind.upper - kind.lower);
    }
    switch (kind.range) {
      case NumericRange::zero_to_one:
        break;
      case NumericRange::minus_one_to_one:
        place = 2.0 * place - 1.0;
        break;
    }
    inputs_.push_back(static_cast<float>(place));
    return Outcome::kept;
  }

  Outcome add(const CsvCategorical& kind, std::string_view field) {
    const std::size_t begin = inputs_.size();
    inputs_.resize(begin + kind.values.size(), 0.0F);
    if (is_missing(field)) return Outcome::kept;
    const auto found = places_[column_].find(field);
    if (found != places_[column_].end()) {
      inputs_[begin + found->second] = 1.0F;
      return Outcome::kept;
    }
    switch (kind.unknown) {
      case UnknownValue::error:
        fail("expected one of the " + counted(std::ssize(kind.values), "value") + " listed in the schema");
      case UnknownValue::drop_row:
        return Outcome::dropped;
      case UnknownValue::all_zero:
        return Outcome::kept;
    }
    throw InternalError("UnknownValue: not one of the enumerated values");
  }

  Outcome add(const CsvClassLabel& kind, std::string_view field) {
    while (!field.empty() && kind.strip.find(field.back()) != std::string::npos) field.remove_suffix(1);
    const auto found = places_[column_].find(field);
    if (found == places_[column_].end()) fail("expected " + classes_in_words(kind.classes));
    labels_.push_back(static_cast<float>(found->second));
    return Outcome::kept;
  }

  Outcome add(const CsvTarget&, std::string_view field) {
    const auto target = static_cast<float>(number(field));
    if (!std::isfinite(target)) fail("expected a number that fits float32");
    labels_.push_back(target);
    return Outcome::kept;
  }

  const FileContent& content_;
  const CsvSchema& schema_;
  const ColumnMap& map_;
  std::vector<Places> places_;  ///< of the listed words, by column
  std::vector<float> inputs_;
  std::vector<float> labels_;
  Index line_ = 0;
  std::size_t column_ = 0;
};

/// Columns of the input numbers, and of the label numbers.
void name_columns(const CsvSchema& schema, CsvColumns columns, DataOrigin& origin) {
  for (const CsvColumn& column : schema.columns) {
    if (is_label(column) && is_read(column, columns)) origin.label_columns.push_back(column.name);
    if (std::holds_alternative<CsvNumeric>(column.kind)) origin.input_columns.push_back(column.name);
    if (const auto* categorical = std::get_if<CsvCategorical>(&column.kind)) {
      origin.input_columns.insert(origin.input_columns.end(), categorical->values.size(), column.name);
    }
  }
}

/// Labels [N] of a class, [N, k] of targets.
Tensor labels_tensor(const CsvSchema& schema, CsvColumns columns, Index rows, const std::vector<float>& labels) {
  Index count = 0;
  bool is_class = false;
  for (const CsvColumn& column : schema.columns) {
    if (!is_label(column) || !is_read(column, columns)) continue;
    ++count;
    is_class = std::holds_alternative<CsvClassLabel>(column.kind);
  }
  return Tensor::from(is_class ? Shape{rows} : Shape{rows, count}, labels);
}

/// The rows of a file, turned into numbers one after another.
class Table {
 public:
  Table(FileContent& content, const CsvSchema& schema, CsvColumns columns)
      : content_(content), schema_(schema), columns_(columns), rows_(content, schema.separator) {}

  CsvTable read(const std::string& file) {
    origin_.inputs = origin_.labels = file;
    name_columns(schema_, columns_, origin_);
    bool more = rows_.next();
    if (schema_.header && !more) content_.fail("expected a line with the names of the columns, found none");
    if (more) map_ = column_map(content_, rows_, schema_, columns_);
    origin_.unused_columns = map_.unused;
    if (schema_.header) more = rows_.next();
    Encoder encoder(content_, schema_, map_);
    for (; more; more = rows_.next()) read_row(encoder);
    return finished(encoder);
  }

 private:
  void read_row(Encoder& encoder) {
    check_field_count(content_, rows_, map_.fields);
    const Index row = origin_.rows++;
    const bool kept = encoder.encode(rows_.fields(), rows_.line()) == Outcome::kept;
    if (!kept && !has_dropped_) {  // until then a sample's row is its own place
      has_dropped_ = true;
      for (Index before = 0; before < row; ++before) origin_.row_of_sample.push_back(before);
    }
    if (!kept) return;
    origin_.lines.push_back(rows_.line());
    if (has_dropped_) origin_.row_of_sample.push_back(row);
  }

  CsvTable finished(const Encoder& encoder) {
    std::vector<std::string> names = csv_feature_names(schema_);
    const Index count = std::ssize(origin_.lines);
    Tensor inputs = Tensor::from(Shape{count, std::ssize(names)}, encoder.inputs());
    Tensor labels = labels_tensor(schema_, columns_, count, encoder.labels());
    return {TensorDataset(std::move(inputs), std::move(labels), {}, std::move(origin_)), std::move(names)};
  }

  FileContent& content_;
  const CsvSchema& schema_;
  CsvColumns columns_;
  CsvRows rows_;
  ColumnMap map_;
  DataOrigin origin_;
  bool has_dropped_ = false;
};

}  // namespace

CsvTable read_csv(const std::filesystem::path& path, const CsvSchema& schema, CsvColumns columns) {
  const std::vector<std::string> problems = csv_schema_problems(schema);
  if (!problems.empty()) throw ConfigError("the schema of " + path.string() + ": " + list_words(problems, "; and "));
  FileContent content(path);
  return Table(content, schema, columns).read(path.string());
}

}  // namespace dpml
