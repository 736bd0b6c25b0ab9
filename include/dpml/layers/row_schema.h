#pragma once

#include <string>

#include "dpml/layers/layer.h"
#include "dpml/layers/losses.h"

namespace dpml {

/// What a model and its loss want of every row of the data. Public: it follows from model and loss alone. The guarantee
/// is about data sets all of whose rows keep it.
struct RowSchema {
  LossOptions loss;
  Shape input;       ///< of one row's input
  Shape prediction;  ///< what the model makes of it
  Shape label;       ///< of one row's label
  NumberRule input_numbers;
  NumberRule label_numbers;
};

/// Throws ShapeError, naming layer and axis, when the model does not take such inputs or the loss no such predictions;
/// ConfigError as Layer::input_rule does, and for options of the loss that do not fit.
RowSchema row_schema(const Layer& model, const Shape& input, const LossOptions& loss);

/// What is wrong with labels of such a shape and what to do, for messages: "are [N, 1], expected ...". Empty when the
/// loss takes them.
std::string problem_of_labels(const RowSchema& schema, const Shape& label);

/// "0 or 1, as binary_cross_entropy needs": what a label's number must be, and why.
std::string wanted_of_labels(const RowSchema& schema);

}  // namespace dpml
