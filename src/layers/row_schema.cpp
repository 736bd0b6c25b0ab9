#include "dpml/layers/row_schema.h"

#include "dpml/base/error.h"

namespace dpml {

namespace {

std::string rows_text(const Shape& row) {
  return (row.rank() == 0 ? "[N" : "[N, ") + row.to_text().substr(1);
}

/// [N] and [N, 1] hold the same numbers.
Shape without_single(const Shape& row) {
  return row.rank() == 1 && row[0] == 1 ? Shape{} : row;
}

void set_label(RowSchema& schema) {
  const Shape& prediction = schema.prediction;
  switch (schema.loss.kind) {
    case Loss::cross_entropy:
      if (prediction.rank() == 0 || prediction[-1] == 0) {
        throw ShapeError("cross_entropy: the model ends in " + rows_text(prediction) +
                         "; expected [N, C] or [N, T, C] with one class or more");
      }
      schema.label = prediction.without_back();
      schema.label_numbers = WholeNumber{prediction[-1], schema.loss.ignore_index};
      return;
    case Loss::cosine:
      if (prediction.rank() == 0) {
        throw ShapeError("cosine: the model ends in " + rows_text(prediction) + "; expected [N, ..., D]");
      }
      [[fallthrough]];
    case Loss::mean_squared_error:
    case Loss::huber:
      schema.label = prediction;
      schema.label_numbers = FiniteNumber{};
      return;
    case Loss::binary_cross_entropy:
      schema.label = prediction;
      schema.label_numbers = WholeNumber{2};
      return;
  }
  throw InternalError("row_schema: a loss without a rule for labels");
}

std::string problem_of_classes(const RowSchema& schema, const Shape& label) {
  const std::string wanted = "class indices " + rows_text(schema.label);
  const std::string found = "are " + rows_text(label);
  if (label == schema.label.with_back(1)) {
    return found + ", expected " + wanted + "; take the last axis away, labels[..., 0] in NumPy";
  }
  if (label == schema.prediction) {
    return found + ", a number for each class as in one-hot labels, expected " + wanted +
           "; labels.argmax(axis=-1) in NumPy";
  }
  return found + ", but cross_entropy on a model that ends in " + rows_text(schema.prediction) + " expects " + wanted +
         "; change the labels or the end of the model";
}

}  // namespace

RowSchema row_schema(const Layer& model, const Shape& input, const LossOptions& loss) {
  RowSchema schema{.loss = loss,
                   .input = input,
                   .prediction = model.output_shape(input),
                   .label = {},
                   .input_numbers = model.input_rule(),
                   .label_numbers = {}};
  set_label(schema);
  const Index classes = takes_class_indices(loss.kind) ? schema.prediction[-1] : 0;
  if (const auto problem = problem_of(loss, classes)) {
    throw ConfigError(to_text(loss.kind) + ": " + problem->option + " " + problem->what);
  }
  return schema;
}

std::string problem_of_labels(const RowSchema& schema, const Shape& label) {
  if (takes_class_indices(schema.loss.kind)) return label == schema.label ? "" : problem_of_classes(schema, label);
  if (without_single(label) == without_single(schema.label)) return "";
  return "are " + rows_text(label) + ", but " + to_text(schema.loss.kind) + " on a model that ends in " +
         rows_text(schema.prediction) + " expects the same shape; change the labels or the end of the model";
}

std::string wanted_of_labels(const RowSchema& schema) {
  const std::string wanted = to_text(schema.label_numbers);
  if (!takes_class_indices(schema.loss.kind)) return wanted + ", as " + to_text(schema.loss.kind) + " needs";
  return wanted + ", a class of the model's last layer";
}

}  // namespace dpml
