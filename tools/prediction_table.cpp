#include "prediction_table.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>
#include <vector>

#include "dpml/base/error.h"
#include "dpml/data/csv.h"
#include "dpml/tensor/number_rule.h"

namespace dpml::tools {

namespace {

/// The shortest decimal text that reads back as the same float.
std::string float_text(float value) {
  std::array<char, 32> text{};
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), result.ptr};
}

/// A field as RFC 4180 wants it.
std::string field_text(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) quoted += letter == '"' ? std::string("\"\"") : std::string(1, letter);
  return quoted + "\"";
}

/// Names that the config declares; empty where it declares none.
struct Names {
  std::vector<std::string> classes;
  std::vector<std::string> targets;
};

Names declared_names(const Experiment& experiment) {
  Names names;
  const auto* table = std::get_if<CsvSource>(&experiment.train.source);
  if (table == nullptr) return names;
  for (const CsvColumn& column : table->schema.columns) {
    if (const auto* label = std::get_if<CsvClassLabel>(&column.kind)) names.classes = label->classes;
    if (std::holds_alternative<CsvTarget>(column.kind)) names.targets.push_back(column.name);
  }
  return names;
}

std::string name_at(const std::vector<std::string>& names, Index place) {
  return place < std::ssize(names) ? names[static_cast<std::size_t>(place)] : std::to_string(place);
}

/// What a row of the table says for the outputs of one sample.
class Columns {
 public:
  virtual ~Columns() = default;
  virtual std::vector<std::string> header() const = 0;
  virtual std::vector<std::string> fields(std::span<const float> outputs) const = 0;
};

/// Outputs [..., C]: a class at each position.
class ClassColumns final : public Columns {
 public:
  ClassColumns(const Shape& outputs, std::vector<std::string> names, bool logits)
      : classes_(outputs[-1]), positions_(outputs.without_back().size()), names_(std::move(names)), logits_(logits) {
    has_positions_ = outputs.rank() > 1;
  }

  std::vector<std::string> header() const override {
    std::vector<std::string> names;
    for (Index t = 0; t < positions_; ++t) names.push_back("class" + position(t));
    for (Index t = 0; t < positions_; ++t) {
      for (Index c = 0; c < classes_; ++c) {
        names.push_back((logits_ ? "logit" : "probability") + position(t) + "_" + name_at(names_, c));
      }
    }
    return names;
  }

  std::vector<std::string> fields(std::span<const float> outputs) const override {
    std::vector<std::string> classes;
    std::vector<std::string> numbers;
    for (Index t = 0; t < positions_; ++t) {
      const std::span<const float> row =
          outputs.subspan(static_cast<std::size_t>(t * classes_), static_cast<std::size_t>(classes_));
      const auto largest = std::max_element(row.begin(), row.end());
      classes.push_back(name_at(names_, largest - row.begin()));
      add_numbers(row, static_cast<double>(*largest), numbers);
    }
    classes.insert(classes.end(), numbers.begin(), numbers.end());
    return classes;
  }

 private:
  std::string position(Index t) const { return has_positions_ ? "_" + std::to_string(t) : ""; }

  void add_numbers(std::span<const float> row, double largest, std::vector<std::string>& numbers) const {
    double sum = 0;
    for (const float logit : row) sum += std::exp(static_cast<double>(logit) - largest);
    for (const float logit : row) {
      const double probability = std::exp(static_cast<double>(logit) - largest) / sum;
      numbers.push_back(float_text(logits_ ? logit : static_cast<float>(probability)));
    }
  }

  Index classes_;
  Index positions_;
  std::vector<std::string> names_;
  bool logits_;
  bool has_positions_ = false;
};

/// Each output answers yes or no.
class BinaryColumns final : public Columns {
 public:
  BinaryColumns(Index answers, Names names, bool logits)
      : answers_(answers), names_(std::move(names)), logits_(logits) {}

  std::vector<std::string> header() const override {
    const std::string number = logits_ ? "logit_" : "probability_";
    if (answers_ == 1 && names_.targets.empty()) return {"class", number + name_at(names_.classes, 1)};
    std::vector<std::string> header;
    for (Index k = 0; k < answers_; ++k) header.push_back("class_" + name_at(names_.targets, k));
    for (Index k = 0; k < answers_; ++k) header.push_back(number + name_at(names_.targets, k));
    return header;
  }

  std::vector<std::string> fields(std::span<const float> outputs) const override {
    std::vector<std::string> fields;
    for (const float logit : outputs) fields.push_back(name_at(names_.classes, logit > 0 ? 1 : 0));
    for (const float logit : outputs) {
      const double probability = 1 / (1 + std::exp(-static_cast<double>(logit)));
      fields.push_back(float_text(logits_ ? logit : static_cast<float>(probability)));
    }
    return fields;
  }

 private:
  Index answers_;
  Names names_;
  bool logits_;
};

/// Outputs that are the predicted numbers themselves.
class NumberColumns final : public Columns {
 public:
  NumberColumns(Index numbers, std::vector<std::string> names) : numbers_(numbers), names_(std::move(names)) {}

  std::vector<std::string> header() const override {
    if (numbers_ == 1 && names_.empty()) return {"prediction"};
    std::vector<std::string> header;
    for (Index k = 0; k < numbers_; ++k) header.push_back("prediction_" + name_at(names_, k));
    return header;
  }

  std::vector<std::string> fields(std::span<const float> outputs) const override {
    std::vector<std::string> fields;
    for (const float number : outputs) fields.push_back(float_text(number));
    return fields;
  }

 private:
  Index numbers_;
  std::vector<std::string> names_;
};

std::unique_ptr<Columns> columns_of(const Experiment& experiment, const Shape& outputs, bool logits) {
  Names names = declared_names(experiment);
  switch (experiment.loss.kind) {
    case Loss::cross_entropy:
      return std::make_unique<ClassColumns>(outputs, names.classes, logits);
    case Loss::binary_cross_entropy:
      return std::make_unique<BinaryColumns>(outputs.size(), std::move(names), logits);
    case Loss::mean_squared_error:
    case Loss::huber:
    case Loss::cosine:
      return std::make_unique<NumberColumns>(outputs.size(), names.targets);
  }
  throw InternalError("predictions of an unknown loss");
}

}  // namespace

PredictionTable prediction_table(const Experiment& experiment, const DataOrigin& origin, const Tensor& outputs,
                                 bool logits) {
  const Shape sample = outputs.shape().without_front();
  const auto numbers = static_cast<std::size_t>(sample.size());
  const std::unique_ptr<Columns> columns = columns_of(experiment, sample, logits);
  const std::vector<std::string> header = columns->header();
  PredictionTable table{.text = "row", .without_prediction = 0};
  for (const std::string& name : header) table.text += "," + field_text(name);
  table.text += "\n";
  Index next = 0;  // sample
  for (Index row = 0; row < origin.rows; ++row) {
    table.text += std::to_string(row);
    const bool is_sample = next < outputs.shape()[0] && (origin.row_of_sample.empty() ||
                                                         origin.row_of_sample[static_cast<std::size_t>(next)] == row);
    const std::span<const float> said =
        is_sample ? outputs.values().subspan(static_cast<std::size_t>(next) * numbers, numbers)
                  : std::span<const float>();
    if (is_sample) ++next;
    if (is_sample && all_finite(said)) {
      for (const std::string& field : columns->fields(said)) table.text += "," + field_text(field);
    } else {
      table.text += std::string(header.size(), ',');
      ++table.without_prediction;
    }
    table.text += "\n";
  }
  return table;
}

}  // namespace dpml::tools
