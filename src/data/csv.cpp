#include "dpml/data/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "csv_rows.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "file_content.h"

namespace dpml {

namespace {

enum class Outcome { kept, dropped };

bool is_label(const CsvColumn& column) {
  return std::holds_alternative<CsvClassLabel>(column.kind) || std::holds_alternative<CsvTarget>(column.kind);
}

/// The finite number that a whole field spells.
std::optional<double> parsed(std::string_view field) {
  if (field.starts_with('+') && !field.starts_with("+-")) field.remove_prefix(1);
  double number = 0.0;
  const char* end = field.data() + field.size();
  const auto result = std::from_chars(field.data(), end, number);
  if (result.ec != std::errc() || result.ptr != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

/// Turns rows of fields into numbers, each row by itself, and collects those of the rows it keeps.
class Encoder {
 public:
  Encoder(const FileContent& content, const CsvSchema& schema) : content_(content), schema_(schema) {
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
    for (column_ = 0; column_ < fields.size() && outcome == Outcome::kept; ++column_) {
      const std::string_view field = fields[column_];
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
    content_.fail("line " + std::to_string(line_) + ", column \"" + schema_.columns[column_].name + "\": " + problem +
                  (may_be_header ? "; if the first line holds names, the schema must say so" : ""));
  }

  bool is_missing(std::string_view field) const {
    const auto& markers = schema_.missing_markers;
    return std::find(markers.begin(), markers.end(), field) != markers.end();
  }

  /// Looked at before any field is read, so that a dropped row is not also an error.
  Outcome check_missing(std::span<const std::string_view> fields) {
    if (schema_.missing_markers.empty()) return Outcome::kept;
    for (column_ = 0; column_ < fields.size(); ++column_) {
      const CsvColumn& column = schema_.columns[column_];
      if (std::holds_alternative<CsvIgnored>(column.kind) || !is_missing(fields[column_])) continue;
      if (schema_.on_missing == MissingValue::drop_row) return Outcome::dropped;
      if (schema_.on_missing == MissingValue::error) fail("the value is missing, and the schema calls that an error");
      if (is_label(column)) fail("the label is missing; such rows can only be dropped");
    }
    return Outcome::kept;
  }

  double number(std::string_view field) const {
    const std::optional<double> number = parsed(field);
    if (!number) fail("expected a finite number");
    return *number;
  }

  Outcome add(const CsvIgnored&, std::string_view) { return Outcome::kept; }

  Outcome add(const CsvNumeric& kind, std::string_view field) {
    double place = 0.5;
    if (!is_missing(field)) {
      place = (std::clamp(number(field), kind.lower, kind.upper) - kind.lower) / (kind.upper - kind.lower);
    }
    inputs_.push_back(static_cast<float>(kind.range == NumericRange::zero_to_one ? place : 2.0 * place - 1.0));
    return Outcome::kept;
  }

  Outcome add(const CsvCategorical& kind, std::string_view field) {
    const std::size_t begin = inputs_.size();
    inputs_.resize(begin + kind.values.size(), 0.0F);
    if (is_missing(field)) return Outcome::kept;
    const auto found = places_[column_].find(field);
    if (found != places_[column_].end()) {
      inputs_[begin + found->second] = 1.0F;
    } else if (kind.unknown == UnknownValue::error) {
      fail("expected one of the " + std::to_string(kind.values.size()) + " values listed in the schema");
    } else if (kind.unknown == UnknownValue::drop_row) {
      return Outcome::dropped;
    }
    return Outcome::kept;
  }

  Outcome add(const CsvClassLabel& kind, std::string_view field) {
    while (!field.empty() && kind.strip.find(field.back()) != std::string::npos) field.remove_suffix(1);
    const auto found = places_[column_].find(field);
    if (found == places_[column_].end()) fail("expected " + list_words(kind.classes));
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
  std::vector<Places> places_;  ///< of the listed words, by column
  std::vector<float> inputs_;
  std::vector<float> labels_;
  Index line_ = 0;
  std::size_t column_ = 0;
};

std::string read_text(FileContent& content) {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  std::string text;
  std::size_t size = 0;
  do {
    text.resize(size + kPiece);
    size += content.read_some({reinterpret_cast<std::uint8_t*>(text.data()) + size, kPiece});
  } while (size == text.size());
  text.resize(size);
  return text;
}

void check_field_count(const FileContent& content, const CsvRows& rows, const CsvSchema& schema) {
  if (rows.fields().size() == schema.columns.size()) return;
  content.fail("line " + std::to_string(rows.line()) + ": " + std::to_string(rows.fields().size()) +
               " fields, but the schema has " + std::to_string(schema.columns.size()) + " columns");
}

/// What stands in the header is not repeated: it is a row of data where the header is missing.
void check_header(const FileContent& content, CsvRows& rows, const CsvSchema& schema) {
  if (!rows.next()) content.fail("expected a line with the names of the columns, found none");
  check_field_count(content, rows, schema);
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    if (rows.fields()[i] == schema.columns[i].name) continue;
    content.fail("line " + std::to_string(rows.line()) + ": the header does not name column " + std::to_string(i + 1) +
                 " \"" + schema.columns[i].name + "\", as the schema does");
  }
}

Tensor labels_tensor(const CsvSchema& schema, Index rows, const std::vector<float>& labels) {
  const auto count = std::count_if(schema.columns.begin(), schema.columns.end(), is_label);
  const bool is_class = std::any_of(schema.columns.begin(), schema.columns.end(), [](const CsvColumn& column) {
    return std::holds_alternative<CsvClassLabel>(column.kind);
  });
  return Tensor::from(is_class ? Shape{rows} : Shape{rows, count}, labels);
}

}  // namespace

CsvTable read_csv(const std::filesystem::path& path, const CsvSchema& schema) {
  const std::vector<std::string> problems = csv_schema_problems(schema);
  if (!problems.empty()) throw ConfigError("the schema of " + path.string() + ": " + list_words(problems, "; and "));

  FileContent content(path);
  const std::string text = read_text(content);
  CsvRows rows(content, text, schema.separator);
  if (schema.header) check_header(content, rows, schema);

  Encoder encoder(content, schema);
  std::vector<Index> lines;
  Index dropped = 0;
  while (rows.next()) {
    check_field_count(content, rows, schema);
    if (encoder.encode(rows.fields(), rows.line()) == Outcome::kept) {
      lines.push_back(rows.line());
    } else {
      ++dropped;
    }
  }
  std::vector<std::string> names = csv_feature_names(schema);
  const Index count = std::ssize(lines);
  Tensor inputs = Tensor::from(Shape{count, std::ssize(names)}, encoder.inputs());
  TensorDataset dataset(std::move(inputs), labels_tensor(schema, count, encoder.labels()));
  return {std::move(dataset), std::move(names), std::move(lines), dropped};
}

}  // namespace dpml
