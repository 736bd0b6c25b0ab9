#include "check_fit.h"

#include <algorithm>

#include "check_trainable.h"
#include "dpml/base/text.h"
#include "dpml/layers/losses.h"
#include "index_inputs.h"
#include "infer_sizes.h"
#include "readers.h"
#include "size_counter.h"

namespace dpml::config {

namespace {

/// False after a problem.
bool check_classes(const Section& root, Index classes, Loss loss) {
  switch (loss) {
    case Loss::cross_entropy: {
      if (classes > 0) return true;
      const Section data = root.block("data");
      if (!data.states("classes")) data.missing("classes", "how many classes CROSS_ENTROPY has to tell apart");
      return false;
    }
    case Loss::mean_squared_error:
    case Loss::huber:
    case Loss::cosine:
      if (classes == 0) return true;
      root.problem("loss", "is " + word_for(loss, kLosses) +
                               ", which predicts numbers, but labels are classes; use CROSS_ENTROPY, or "
                               "leave out data.classes and state target columns");
      return false;
    case Loss::binary_cross_entropy:
      if (classes <= 2) return true;
      root.problem("loss", "is BINARY_CROSS_ENTROPY, but there are " + counted(classes, "class", "classes") +
                               "; use CROSS_ENTROPY");
      return false;
  }
  throw InternalError("Loss: not one of the enumerated values");
}

void check_options(const Section& root, const LossOptions& loss, Index classes) {
  const std::optional<OptionProblem> found = problem_of(loss, takes_class_indices(loss.kind) ? classes : 0);
  if (!found) return;
  const Section stated = root.block("loss_options");
  const bool is_told = root.problems().tells_of(stated.origin(found->option).field);  // when it was read
  if (stated.states(found->option) && !is_told) stated.problem(found->option, found->what);
}

/// What the model must give for one sample; absent when only the files tell.
std::optional<Shape> expected_output(const DataOptions& data, Loss loss) {
  if (!data.label_shape) return std::nullopt;
  const Shape& label = *data.label_shape;
  if (takes_class_indices(loss)) return label.with_back(data.dataset.classes);
  return label.rank() == 0 ? Shape{1} : label;
}

void check_output(const Section& root, const Shape& output, const Experiment& experiment) {
  const DataOptions& data = experiment.train;
  const std::optional<Shape> expected = expected_output(data, experiment.loss.kind);
  std::string needed;
  if (expected && output != *expected) needed = expected->to_text();
  if (!expected && takes_class_indices(experiment.loss.kind) &&
      (output.rank() == 0 || output[-1] != data.dataset.classes)) {
    needed = "[..., " + std::to_string(data.dataset.classes) + "]";
  }
  if (needed.empty()) return;
  const int last = static_cast<int>(experiment.model.layers.size()) - 1;
  root.problem(element_path("model.layer", last), "the model ends in " + output.to_text() + ", but " +
                                                      word_for(experiment.loss.kind, kLosses) + " needs " + needed +
                                                      "; end it in that shape");
}

/// The cross entropies take logits: after a softmax of the model's own they would normalise twice.
void warn_of_softmax(const Section& root, Experiment& experiment) {
  const LayerSpec& last = experiment.model.layers.back();
  if (last.word != "softmax" || !predicts_classes(experiment.loss.kind)) return;
  const int place = static_cast<int>(experiment.model.layers.size()) - 1;
  experiment.warnings.push_back(to_text(root.origin(element_path("model.layer", place))) +
                                ": ends the model in a softmax, but " + word_for(experiment.loss.kind, kLosses) +
                                " takes logits and normalises them itself; leave it out");
}

/// Indices must come to the model as they stand in the files.
void check_indices(const Section& root, const Experiment& experiment) {
  IndexWalk walk(root.origins(), root.problems());
  walk.computes(experiment.model.layers, false);
  if (!walk.found_indices()) return;
  const InputScaling& scaling = experiment.train.dataset.scaling;
  if (scaling.scale != 1 || scaling.offset != 0) {
    root.block("data").problem("normalise", "makes other numbers of the indices that embedding wants; leave it out");
  }
  const auto* table = std::get_if<CsvSource>(&experiment.train.source);
  const bool scales = table != nullptr && std::any_of(table->schema.columns.begin(), table->schema.columns.end(),
                                                      [](const CsvColumn& column) {
                                                        return std::holds_alternative<CsvNumeric>(column.kind);
                                                      });
  if (scales) {
    root.block("data").problem("table",
                               "scales numeric columns to a range, but embedding wants whole numbers as they are; use "
                               "npy, hdf5 or idx for indices");
  }
}

/// Weights that nobody trains are legal: a program that embeds dpml may want them for predictions.
void check_training(const Section& root, Experiment& experiment) {
  const ModelSpec& model = experiment.model;
  check_trainable(model.trainable, sizes_of_fitted(model, experiment.train.sample_shape),
                  [&](std::optional<std::size_t> pattern, const std::string& problem) {
                    if (pattern) {
                      root.block("model").problem(element_path("trainable", static_cast<int>(*pattern)), problem);
                    } else {
                      experiment.warnings.push_back(to_text(root.origin("model")) + ": " + problem);
                    }
                  });
}

}  // namespace

void check_fit(const Section& root, Experiment& experiment) {
  const bool classes_fit = root.states("data") && root.states("loss") &&
                           check_classes(root, experiment.train.dataset.classes, experiment.loss.kind);
  if (classes_fit) check_options(root, experiment.loss, experiment.train.dataset.classes);
  experiment.train.dataset.ignored_label = experiment.loss.ignore_index;
  if (experiment.test) experiment.test->dataset.ignored_label = experiment.loss.ignore_index;
  if (experiment.model.layers.empty() || experiment.train.sample_shape.rank() == 0) return;
  const std::optional<Shape> output =
      infer_sizes(experiment.model.layers, experiment.train.sample_shape, &root.origins(), root.problems());
  if (output && root.problems().empty()) check_training(root, experiment);
  if (output && classes_fit) check_output(root, *output, experiment);
  if (root.states("loss")) warn_of_softmax(root, experiment);
  check_indices(root, experiment);
}

}  // namespace dpml::config
