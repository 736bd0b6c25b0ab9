#include <algorithm>
#include <array>
#include <set>

#include "dpml/base/error.h"
#include "dpml/layers/batch_norm.h"
#include "readers.h"

namespace dpml::config {

namespace {

std::vector<LayerSpec> read_layers(const Section& list);

/// [height, width] of a field with one number or two.
std::array<Index, 2> read_pair(const Section& layer, const std::string& field, const WholeRange& range, Index missing) {
  const std::vector<std::int64_t> numbers = layer.whole_numbers(field, range);
  if (numbers.size() > 2) layer.problem(field, "has more than two numbers; state one, or [height, width]");
  if (numbers.empty()) return {missing, missing};
  return {numbers[0], numbers[std::min<std::size_t>(1, numbers.size() - 1)]};
}

Linear::Options read_linear(const Section& layer) {
  Linear::Options options;
  if (layer.states("in")) options.in = layer.whole_number("in", kSize);
  options.out = layer.whole_number("out", kSize);
  options.bias = layer.flag("bias");
  return options;
}

Conv2d::Options read_conv2d(const Section& layer) {
  Conv2d::Options options;
  if (layer.states("in_channels")) options.in_channels = layer.whole_number("in_channels", kSize);
  options.out_channels = layer.whole_number("out_channels", kSize);
  if (!layer.states("kernel")) layer.missing("kernel", "the size of the window, as in kernel: 3");
  const auto kernel = read_pair(layer, "kernel", kSize, 1);
  const auto stride = read_pair(layer, "stride", kSize, 1);
  const auto padding = read_pair(layer, "padding", kSizeOrZero, 0);
  const auto dilation = read_pair(layer, "dilation", kSize, 1);
  options.kernel_height = kernel[0];
  options.kernel_width = kernel[1];
  options.stride_height = stride[0];
  options.stride_width = stride[1];
  options.padding_height = padding[0];
  options.padding_width = padding[1];
  options.dilation_height = dilation[0];
  options.dilation_width = dilation[1];
  options.groups = layer.whole_number("groups", kSize);
  options.bias = layer.flag("bias");
  return options;
}

PoolOptions read_window(const Section& layer) {
  PoolOptions options;
  options.kernel = layer.whole_number("kernel", kSize);
  if (layer.states("stride")) options.stride = layer.whole_number("stride", kSize);
  options.padding = layer.whole_number("padding", kSizeOrZero);
  if (options.kernel > 0 && options.padding > options.kernel / 2) {
    layer.problem("padding", "is " + std::to_string(options.padding) + "; state at most half the kernel, " +
                                 std::to_string(options.kernel / 2));
  }
  return options;
}

AvgPool2d::Options read_avg_pool2d(const Section& layer) {
  const PoolOptions window = read_window(layer);
  return {.kernel = window.kernel,
          .stride = window.stride,
          .padding = window.padding,
          .count_include_pad = layer.flag("count_include_pad")};
}

Embedding::Options read_embedding(const Section& layer) {
  constexpr WholeRange kVocabulary{1, Tensor::kMaxExactInteger};
  return {.vocabulary = layer.whole_number("vocabulary", kVocabulary),
          .features = layer.whole_number("features", kSize)};
}

GroupNorm::Options read_group_norm(const Section& layer) {
  GroupNorm::Options options;
  options.groups = layer.whole_number("groups", kSize);
  if (layer.states("channels")) options.channels = layer.whole_number("channels", kSize);
  options.epsilon = layer.number("epsilon", kPositive);
  options.affine = layer.flag("affine");
  return options;
}

LayerNorm::Options read_layer_norm(const Section& layer) {
  LayerNorm::Options options;
  try {
    options.normalized = Shape(layer.whole_numbers("shape", kSize));
  } catch (const ShapeError& error) {
    layer.problem("shape", error.what());
  }
  options.epsilon = layer.number("epsilon", kPositive);
  options.affine = layer.flag("affine");
  return options;
}

ResidualSpec read_residual(const Section& layer) {
  ResidualSpec options;
  if (const auto body = layer.required_block("body")) options.body = read_layers(*body);
  if (layer.states("shortcut")) options.shortcut = read_layers(layer.block("shortcut"));
  return options;
}

void report_batch_norm(const Section& layer, const std::string& name) {
  try {
    refuse_batch_norm(name);
  } catch (const SampleMixingError& error) {
    layer.problem(error.what());
  }
}

void read_kind(const Section& section, const std::string& kind, LayerSpec& layer) {
  const Section block = section.block(kind);
  if (kind == "linear") layer.kind = read_linear(block);
  if (kind == "conv2d") layer.kind = read_conv2d(block);
  if (kind == "max_pool2d") layer.kind = read_window(block);
  if (kind == "avg_pool2d") layer.kind = read_avg_pool2d(block);
  if (kind == "embedding") layer.kind = read_embedding(block);
  if (kind == "group_norm") layer.kind = read_group_norm(block);
  if (kind == "layer_norm") layer.kind = read_layer_norm(block);
  if (kind == "flatten") layer.kind = FlattenSpec{};
  if (kind == "relu") layer.kind = Activation::relu;
  if (kind == "tanh") layer.kind = Activation::tanh;
  if (kind == "gelu") layer.kind = Activation::gelu;
  if (kind == "sigmoid") layer.kind = Activation::sigmoid;
  if (kind == "dropout") layer.kind = Dropout::Options{.probability = block.number("probability", kUnitBelowOne)};
  if (kind == "residual") layer.kind = read_residual(block);
  if (kind == "sequential") layer.kind = SequentialSpec{read_layers(block)};
  if (kind == "batch_norm") report_batch_norm(block, layer.name);
}

bool is_name(const std::string& name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto fits = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), fits);
}

LayerSpec read_layer(const Section& section) {
  LayerSpec layer;
  layer.origin = section.origin();
  layer.name = section.any_text("name");
  if (section.states("name") && !is_name(layer.name)) {
    section.problem("name", "is no name for a layer; state a letter, then letters, digits, _ or -");
  }
  layer.frozen = section.flag("frozen");
  const std::string kind = section.required_choice("kind");
  if (!kind.empty()) read_kind(section, kind, layer);
  return layer;
}

std::vector<LayerSpec> read_layers(const Section& list) {
  std::vector<LayerSpec> layers;
  std::set<std::string> names;
  for (const Section& section : list.blocks("layer")) {
    layers.push_back(read_layer(section));
    const std::string& name = layers.back().name;
    if (!name.empty() && !names.insert(name).second) {
      section.problem("name", "another layer of the list is called " + name + ", too; rename one");
    }
  }
  if (layers.empty()) list.missing("layer", "at least one layer { ... }");
  return layers;
}

}  // namespace

ModelSpec read_model(const Section& model) {
  return {read_layers(model)};
}

}  // namespace dpml::config
