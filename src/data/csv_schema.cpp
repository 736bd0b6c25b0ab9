#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "dpml/base/text.h"
#include "dpml/data/csv.h"

namespace dpml {

namespace {

/// Collects what is wrong, one kind of column at a time.
class Problems {
 public:
  explicit Problems(const CsvSchema& schema) : schema_(schema) {}

  std::vector<std::string> find() {
    if (std::string_view(" \"\r\n").find(schema_.separator) != std::string_view::npos || schema_.separator == '\0') {
      found_.emplace_back("the separator must not be a space, a quote or the end of a line");
    }
    std::set<std::string_view> names;
    for (const CsvColumn& column : schema_.columns) {
      place_ = "column \"" + printable(column.name) + "\": ";
      if (column.name.empty()) add("a column needs a name");
      if (!names.insert(column.name).second) add("the name is used twice");
      std::visit([&](const auto& kind) { check(kind); }, column.kind);
    }
    place_ = "";
    if (csv_feature_names(schema_).empty())
      add("no column gives a feature; expected at least one numeric or categorical");
    if (labels_ > 1) add("more than one column holds the label");
    if (labels_ > 0 && targets_ > 0) add("a table has either a label or targets, not both");
    return std::move(found_);
  }

 private:
  void add(const std::string& problem) { found_.push_back(place_ + problem); }

  void check(const CsvIgnored&) {}
  void check(const CsvTarget&) { ++targets_; }

  void check(const CsvNumeric& numeric) {
    if (!(numeric.lower < numeric.upper) || std::isinf(numeric.lower) || std::isinf(numeric.upper)) {
      add("lower must be below upper, and both finite");
    } else if (std::isinf(numeric.upper - numeric.lower)) {
      add("upper - lower is beyond the largest number; state bounds that are nearer to each other");
    }
  }

  void check(const CsvCategorical& categorical) {
    if (categorical.values.empty()) add("expected at least one value");
    check_words(categorical.values, "value");
  }

  void check(const CsvClassLabel& label) {
    ++labels_;
    if (label.classes.size() < 2) add("expected at least two classes");
    check_words(label.classes, "class");
    for (const std::string& word : label.classes) {
      if (!word.empty() && label.strip.find(word.back()) != std::string::npos) {
        add("class \"" + printable(word) + "\" ends in a letter that is stripped, so no field can match it");
      }
    }
  }

  void check_words(const std::vector<std::string>& words, const std::string& what) {
    std::set<std::string_view> seen;
    for (const std::string& word : words) {
      if (!seen.insert(word).second) add(what + " \"" + printable(word) + "\" is listed twice");
      const auto& markers = schema_.missing_markers;
      if (std::find(markers.begin(), markers.end(), word) != markers.end()) {
        add(what + " \"" + printable(word) + "\" is also a marker of missing values");
      }
    }
  }

  const CsvSchema& schema_;
  std::string place_;
  Index labels_ = 0;
  Index targets_ = 0;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> csv_schema_problems(const CsvSchema& schema) {
  return Problems(schema).find();
}

std::vector<std::string> csv_feature_names(const CsvSchema& schema) {
  std::vector<std::string> names;
  for (const CsvColumn& column : schema.columns) {
    if (std::holds_alternative<CsvNumeric>(column.kind)) names.push_back(column.name);
    if (const auto* categorical = std::get_if<CsvCategorical>(&column.kind)) {
      for (const std::string& value : categorical->values) names.push_back(column.name + "=" + value);
    }
  }
  return names;
}

}  // namespace dpml
