#include "dpml/config/model_sizes.h"

#include "dpml/base/error.h"
#include "dpml/config/build_model.h"
#include "infer_sizes.h"

namespace dpml {

namespace {

/// Walks through layers whose sizes are all known, as named_parameters and a forward pass do.
class Counter {
 public:
  explicit Counter(ModelSizes& sizes) : sizes_(sizes) {}

  /// The shape of the result. `wants_gradient` says whether a gradient reaches the input, and then the result.
  Shape layers(const std::vector<LayerSpec>& layers, const std::string& prefix, bool frozen, const Shape& in,
               bool& wants_gradient) {
    Shape shape = in;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const LayerSpec& layer = layers[i];
      prefix_ = prefix + (layer.name.empty() ? std::to_string(i) : layer.name) + ".";
      frozen_ = frozen || layer.frozen;
      wants_gradient_ = wants_gradient;
      in_ = shape;
      shape = std::visit([&](const auto& kind) { return count(kind, layer); }, layer.kind);
      wants_gradient = wants_gradient_;
    }
    return shape;
  }

 private:
  void weight(const std::string& name, const Shape& shape) {
    sizes_.weights.push_back({prefix_ + name, shape});
    if (__builtin_add_overflow(sizes_.parameters, shape.size(), &sizes_.parameters)) {
      throw ConfigError("the model has more parameters than can be counted; make it smaller");
    }
    wants_gradient_ = wants_gradient_ || !frozen_;
  }

  /// One operation, whose result stays on the tape when a gradient comes by.
  Shape recorded(const Shape& result) {
    if (!wants_gradient_) return result;
    if (__builtin_add_overflow(sizes_.recorded_numbers, result.size(), &sizes_.recorded_numbers)) {
      throw ConfigError("a sample leaves more numbers in the model than can be counted; make it smaller");
    }
    return result;
  }

  /// The shape that a layer makes of its input.
  Shape result_of(const LayerSpec& layer) const {
    std::vector<LayerSpec> alone{layer};
    config::Problems problems;
    const std::optional<Shape> shape = config::infer_sizes(alone, in_, nullptr, problems);
    problems.throw_if_any();
    DPML_ASSERT(shape.has_value());
    return *shape;
  }

  Shape count(const Activation&, const LayerSpec&) { return recorded(in_); }
  Shape count(const FlattenSpec&, const LayerSpec& layer) { return recorded(result_of(layer)); }
  Shape count(const Dropout::Options&, const LayerSpec&) { return in_; }  // nothing is recorded but in training
  Shape count(const MaxPool2d::Options&, const LayerSpec& layer) { return recorded(result_of(layer)); }
  Shape count(const AvgPool2d::Options&, const LayerSpec& layer) { return recorded(result_of(layer)); }

  Shape count(const Linear::Options& linear, const LayerSpec& layer) {
    weight("weight", {linear.out, linear.in});
    if (linear.bias) weight("bias", {linear.out});
    return recorded(result_of(layer));
  }

  Shape count(const Conv2d::Options& conv, const LayerSpec& layer) {
    weight("weight", {conv.out_channels, conv.in_channels / conv.groups, conv.kernel_height, conv.kernel_width});
    if (conv.bias) weight("bias", {conv.out_channels});
    return recorded(result_of(layer));
  }

  Shape count(const Embedding::Options& embedding, const LayerSpec& layer) {
    weight("weight", {embedding.vocabulary, embedding.features});
    return recorded(result_of(layer));
  }

  Shape count(const GroupNorm::Options& norm, const LayerSpec&) {
    if (norm.affine) weight("weight", {norm.channels});
    if (norm.affine) weight("bias", {norm.channels});
    return recorded(in_);
  }

  Shape count(const LayerNorm::Options& norm, const LayerSpec&) {
    if (norm.affine) weight("weight", norm.normalized);
    if (norm.affine) weight("bias", norm.normalized);
    return recorded(in_);
  }

  Shape count(const SequentialSpec& sequential, const LayerSpec&) {
    return layers(sequential.layers, std::string(prefix_), frozen_, Shape(in_), wants_gradient_);
  }

  Shape count(const ResidualSpec& residual, const LayerSpec&) {
    const std::string prefix = prefix_;
    const bool frozen = frozen_;
    const Shape in = in_;
    bool body_wants = wants_gradient_;
    bool shortcut_wants = wants_gradient_;
    const Shape result = layers(residual.body, prefix + "body.", frozen, in, body_wants);
    if (!residual.shortcut.empty()) layers(residual.shortcut, prefix + "shortcut.", frozen, in, shortcut_wants);
    wants_gradient_ = body_wants || shortcut_wants;
    return recorded(result);
  }

  ModelSizes& sizes_;
  // Of the layer that is counted.
  std::string prefix_;
  bool frozen_ = false;
  bool wants_gradient_ = false;
  Shape in_;
};

}  // namespace

ModelSizes model_sizes(const ModelSpec& model, const Shape& sample_shape) {
  ModelSpec complete = model;
  infer_sizes(complete, sample_shape);
  ModelSizes sizes{.recorded_numbers = sample_shape.size()};
  bool wants_gradient = false;
  try {
    Counter(sizes).layers(complete.layers, "", false, sample_shape, wants_gradient);
  } catch (const ShapeError& error) {  // too many numbers to count
    throw ConfigError(std::string("the model is too large: ") + error.what());
  }
  return sizes;
}

}  // namespace dpml
