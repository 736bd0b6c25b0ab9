#include "dpml/data/tensor_dataset.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/tensor/number_rule.h"
#include "row_place.h"

namespace dpml {

namespace {

[[noreturn]] void fail(std::string_view file, const std::string& problem) {
  throw FileError(std::string(file) + ": " + problem);
}

void check_options(const DatasetOptions& options) {
  if (options.classes < 0 || options.classes > Tensor::kMaxExactInteger) {
    throw ConfigError("classes is " + std::to_string(options.classes) + "; expected 0 (labels are targets) to 2^24");
  }
  if (options.ignored_label && std::abs(*options.ignored_label) > Tensor::kMaxExactInteger) {
    throw ConfigError("the ignored label is " + std::to_string(*options.ignored_label) +
                      "; expected a whole number from -2^24 to 2^24");
  }
  if (!std::isfinite(options.scaling.scale) || !std::isfinite(options.scaling.offset)) {
    throw ConfigError("the scale and offset of inputs must be finite");
  }
}

NumericArray laid_out(const NumericArray& inputs, std::string_view name, InputLayout layout) {
  const Shape& shape = inputs.shape();
  switch (layout) {
    case InputLayout::grey_images:
      if (shape.rank() != 3) fail(name, "expected grey images [N, h, w], found " + shape.to_text());
      return inputs.reshaped(shape.with_back(1));
    case InputLayout::channels_first:
      if (shape.rank() != 4) fail(name, "expected images [N, C, H, W], found " + shape.to_text());
      return channels_last(inputs);
    case InputLayout::as_stored:
      break;
  }
  return inputs;
}

void check_class_indices(const TensorDataset& data, const Tensor& labels, const DatasetOptions& options) {
  const WholeNumber rule{options.classes, options.ignored_label};
  const std::optional<Index> breach = first_breach(rule, labels.values());
  if (!breach) return;
  const Index per_sample = std::max<Index>(labels.shape().without_front().size(), 1);
  fail(data.place_of(SamplePart::label, *breach / per_sample, *breach % per_sample),
       "the label must be " + to_text(NumberRule(rule)) + ", one of " + counted(options.classes, "class", "classes"));
}

}  // namespace

TensorDataset::TensorDataset(NumericArray inputs, Tensor labels, const InputScaling& scaling)
    : TensorDataset(inputs, labels, scaling, {.rows = inputs.shape().rank() == 0 ? 0 : inputs.shape()[0]}) {}

TensorDataset::TensorDataset(NumericArray inputs, Tensor labels, const InputScaling& scaling, DataOrigin origin)
    : inputs_(std::move(inputs)),
      labels_(std::move(labels)),
      scaling_(scaling),
      origin_(std::make_shared<const DataOrigin>(std::move(origin))) {
  const Shape& input = inputs_.shape();
  const Shape& label = labels_.shape();
  if (input.rank() == 0 || label.rank() == 0 || input[0] != label[0]) {
    throw ShapeError("a dataset wants as many labels as inputs along axis 0; got inputs " + input.to_text() +
                     " and labels " + label.to_text());
  }
}

void TensorDataset::read(std::span<const Index> indices, Batch& into) const {
  const Index samples = size();
  for (const Index index : indices) {
    if (index < 0 || index >= samples) {
      throw ShapeError("sample " + std::to_string(index) + " does not exist: expected an index in [0, " +
                       std::to_string(samples) + ")");
    }
  }
  const Index count = std::ssize(indices);
  Tensor inputs(input_shape().with_front(count));
  Tensor labels(label_shape().with_front(count));
  const auto input_size = static_cast<std::size_t>(input_shape().size());
  const auto label_size = label_shape().size();
  for (std::size_t i = 0; i < indices.size(); ++i) {
    inputs_.copy_row(indices[i], scaling_.scale, scaling_.offset,
                     inputs.mutable_values().subspan(i * input_size, input_size));
    std::copy_n(labels_.data() + indices[i] * label_size, label_size,
                labels.mutable_data() + static_cast<Index>(i) * label_size);
  }
  into.sample_ids.assign(indices.begin(), indices.end());
  into.inputs = std::move(inputs);
  into.labels = std::move(labels);
}

std::string TensorDataset::source_of(SamplePart part) const {
  return part == SamplePart::input ? origin_->inputs : origin_->labels;
}

std::string TensorDataset::place_of(SamplePart part, Index sample, Index element) const {
  const auto place = static_cast<std::size_t>(sample);
  const bool is_input = part == SamplePart::input;
  const std::string source = source_of(part) + ": ";
  if (!origin_->lines.empty()) {
    const std::vector<std::string>& columns = is_input ? origin_->input_columns : origin_->label_columns;
    return source + "line " + std::to_string(origin_->lines[place]) + ", column \"" +
           columns[static_cast<std::size_t>(element)] + "\"";
  }
  std::vector<Index> indices = indices_at(is_input ? input_shape() : label_shape(), element);
  if (!is_input && label_shape() == Shape{1}) indices.clear();  // [N] is read as [N, 1]
  if (is_input && origin_->layout == InputLayout::channels_first) {
    std::rotate(indices.begin(), indices.end() - 1, indices.end());
  }
  if (is_input && origin_->layout == InputLayout::grey_images) indices.pop_back();
  return source + row_place(origin_->row_of_sample.empty() ? sample : origin_->row_of_sample[place], indices);
}

TensorDataset join_dataset(const NumericArray& inputs, std::string_view inputs_name, const NumericArray& labels,
                           std::string_view labels_name, const DatasetOptions& options) {
  check_options(options);
  if (inputs.shape().rank() == 0) fail(inputs_name, "expected inputs [N, sample...], found a single number");
  if (labels.shape().rank() == 0) fail(labels_name, "expected labels [N] or [N, k], found a single number");
  const Index samples = inputs.shape()[0];
  if (samples > 0 && inputs.shape().size() == 0) {  // any number of such rows fits into a file of no length
    fail(inputs_name, "expected numbers in every row, found inputs " + inputs.shape().to_text());
  }
  if (labels.shape()[0] != samples) {
    fail(labels_name, "holds " + counted(labels.shape()[0], "label") + ", but " + std::string(inputs_name) + " holds " +
                          counted(samples, "sample") + "; expected one label for each");
  }
  Tensor numbers = labels.to_tensor();
  if (options.classes == 0 && numbers.shape().rank() == 1) numbers = numbers.reshaped(Shape{samples, 1});
  TensorDataset data(laid_out(inputs, inputs_name, options.layout), numbers, options.scaling,
                     {.inputs = std::string(inputs_name),
                      .labels = std::string(labels_name),
                      .layout = options.layout,
                      .rows = samples});
  if (options.classes > 0) check_class_indices(data, numbers, options);
  return data;
}

}  // namespace dpml
