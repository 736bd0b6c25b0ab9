#include "dpml/data/tensor_dataset.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "dpml/base/error.h"

namespace dpml {

namespace {

[[noreturn]] void fail(std::string_view file, const std::string& problem) {
  throw FileError(std::string(file) + ": " + problem);
}

void check_options(const DatasetOptions& options) {
  if (options.classes < 0 || options.classes > Tensor::kMaxExactInteger) {
    throw ConfigError("classes is " + std::to_string(options.classes) + "; expected 0 (labels are targets) to 2^24");
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

void check_class_indices(const Tensor& labels, std::string_view name, Index classes) {
  const Index per_sample = std::max<Index>(labels.shape().without_front().size(), 1);
  for (Index i = 0; i < labels.size(); ++i) {
    const float label = labels.data()[i];
    if (label >= 0.0F && label < static_cast<float>(classes) && label == std::floor(label)) continue;
    fail(name, "the label of sample " + std::to_string(i / per_sample) +
                   " (counted from 0) is not a whole number from 0 to " + std::to_string(classes - 1) +
                   ", as expected for " + std::to_string(classes) + " classes");
  }
}

}  // namespace

TensorDataset::TensorDataset(NumericArray inputs, Tensor labels, const InputScaling& scaling)
    : inputs_(std::move(inputs)), labels_(std::move(labels)), scaling_(scaling) {
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

TensorDataset join_dataset(const NumericArray& inputs, std::string_view inputs_name, const NumericArray& labels,
                           std::string_view labels_name, const DatasetOptions& options) {
  check_options(options);
  if (inputs.shape().rank() == 0) fail(inputs_name, "expected inputs [N, sample...], found a single number");
  if (labels.shape().rank() == 0) fail(labels_name, "expected labels [N] or [N, k], found a single number");
  const Index samples = inputs.shape()[0];
  if (labels.shape()[0] != samples) {
    fail(labels_name, "holds " + std::to_string(labels.shape()[0]) + " labels, but " + std::string(inputs_name) +
                          " holds " + std::to_string(samples) + " samples; expected one label for each");
  }
  Tensor numbers = labels.to_tensor();
  if (options.classes > 0) {
    check_class_indices(numbers, labels_name, options.classes);
  } else if (numbers.shape().rank() == 1) {
    numbers = numbers.reshaped(Shape{samples, 1});
  }
  return {laid_out(inputs, inputs_name, options.layout), std::move(numbers), options.scaling};
}

}  // namespace dpml
