#include <array>

#include "dpml/base/error.h"
#include "dpml/config/layer_kinds.h"
#include "dpml/layers/batch_norm.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

std::vector<WeightSize> scale_and_shift(bool affine, const Shape& shape) {
  if (!affine) return {};
  return {{"weight", shape}, {"bias", shape}};
}

/// The axes that are normalised together; empty where they follow.
Shape read_normalized(const config::Section& norm) {
  try {
    return Shape(norm.whole_numbers("shape", config::kSize));
  } catch (const ShapeError& error) {
    norm.problem("shape", error.what());
    return {};
  }
}

/// The sizes of a norm over last axes that fit the input; where none are stated, over the last one.
template <class Norm>
typename Norm::Options over_last_axes(typename Norm::Options options, const Shape& in, const config::Fit& fit) {
  if (options.normalized.rank() == 0) options.normalized = Shape{in[-1]};
  fit.accepts(Norm::problem_of(options));
  try {
    Norm::output_shape(options, in);
  } catch (const ShapeError&) {
    fit.problem("shape",
                "is " + options.normalized.to_text() + ", but the input is " + in.to_text() + "; state its last axes");
  }
  return options;
}

/// The sizes of a norm of channels, the last axis.
template <class Norm>
typename Norm::Options over_channels(typename Norm::Options options, const Shape& in, const config::Fit& fit) {
  fit.agree("channels", options.channels, in[-1], in);
  fit.accepts(Norm::problem_of(options));
  return options;
}

class GroupNormKind final : public config::KindOf<GroupNorm> {
 public:
  using KindOf::KindOf;

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (!fit.has_last_axis(in)) return {};
    return {kinds::group_norm(over_channels<GroupNorm>(options_, in, fit)), in};
  }

  /// Each group of channels is an instance of InstanceNormalization.
  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    const Index groups = options_.groups;
    std::vector<std::int64_t> channels_second{0, options_.channels};  // 0: as it is
    for (Index axis = 0; axis + 1 < in.rank(); ++axis) channels_second.push_back(in[axis]);
    const std::string grouped =
        graph.node("Reshape", {graph.channels_second(x, in.rank()), graph.constant({0, groups, -1})});
    const std::string normal = graph.node("InstanceNormalization",
                                          {grouped, graph.constant("ones", Tensor::filled(Shape{groups}, 1)),
                                           graph.constant("zeros", Tensor::zeros(Shape{groups}))},
                                          {{"epsilon", static_cast<float>(options_.epsilon)}});
    const std::string y =
        graph.channels_last(graph.node("Reshape", {normal, graph.constant(channels_second)}), in.rank());
    if (!options_.affine) return y;
    return graph.node("Add", {graph.node("Mul", {y, graph.weight("weight")}), graph.weight("bias")});
  }

  std::vector<WeightSize> weights() const override { return scale_and_shift(options_.affine, {options_.channels}); }
};

class LayerNormKind final : public config::KindOf<LayerNorm> {
 public:
  using KindOf::KindOf;

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (!fit.has_last_axis(in)) return {};
    return {kinds::layer_norm(over_last_axes<LayerNorm>(options_, in, fit)), in};
  }

  std::string onnx(const std::string& x, const Shape&, config::OnnxGraph& graph) const override {
    const Shape& shape = options_.normalized;
    std::vector<std::string> inputs{
        x, options_.affine ? graph.weight("weight") : graph.constant("ones", Tensor::filled(shape, 1))};
    if (options_.affine) inputs.push_back(graph.weight("bias"));
    return graph.node("LayerNormalization", inputs,
                      {{"axis", std::int64_t{-shape.rank()}}, {"epsilon", static_cast<float>(options_.epsilon)}});
  }

  std::vector<WeightSize> weights() const override { return scale_and_shift(options_.affine, options_.normalized); }
};

class RMSNormKind final : public config::KindOf<RMSNorm> {
 public:
  using KindOf::KindOf;

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (!fit.has_last_axis(in)) return {};
    return {kinds::rms_norm(over_last_axes<RMSNorm>(options_, in, fit)), in};
  }

  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    config::OnnxGraph::Numbers axes;
    for (Index axis = in.rank() - options_.normalized.rank(); axis < in.rank(); ++axis) axes.push_back(axis + 1);
    const std::string mean_square = graph.reduce("ReduceMean", graph.node("Mul", {x, x}), axes, true);
    const std::string epsilon = graph.constant(static_cast<float>(options_.epsilon));
    const std::string length = graph.node("Sqrt", {graph.node("Add", {mean_square, epsilon})});
    const std::string y = graph.node("Div", {x, length});
    return options_.affine ? graph.node("Mul", {y, graph.weight("weight")}) : y;
  }

  std::vector<WeightSize> weights() const override {
    if (!options_.affine) return {};
    return {{"weight", options_.normalized}};
  }
};

class InstanceNormKind final : public config::KindOf<InstanceNorm> {
 public:
  using KindOf::KindOf;

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (in.rank() < 2) {
      fit.problem("needs an input of positions and channels, but it is " + in.to_text());
      return {};
    }
    return {kinds::instance_norm(over_channels<InstanceNorm>(options_, in, fit)), in};
  }

  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    const Shape channels{options_.channels};
    const std::string weight =
        options_.affine ? graph.weight("weight") : graph.constant("ones", Tensor::filled(channels, 1));
    const std::string bias = options_.affine ? graph.weight("bias") : graph.constant("zeros", Tensor::zeros(channels));
    const std::string y = graph.node("InstanceNormalization", {graph.channels_second(x, in.rank()), weight, bias},
                                     {{"epsilon", static_cast<float>(options_.epsilon)}});
    return graph.channels_last(y, in.rank());
  }

  std::vector<WeightSize> weights() const override { return scale_and_shift(options_.affine, {options_.channels}); }
};

class FrozenBatchNormKind final : public config::KindOf<FrozenBatchNorm> {
 public:
  using KindOf::KindOf;

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    if (!fit.has_last_axis(in)) return {};
    return {kinds::frozen_batch_norm(over_channels<FrozenBatchNorm>(options_, in, fit)), in};
  }

  Shape count(const Shape& in, config::SizeCounter& counter) const override {
    for (const char* name : kConstants) counter.constant(name, {options_.channels});
    return counter.recorded(in);
  }

  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    std::vector<std::string> inputs{graph.channels_second(x, in.rank())};
    for (const char* name : kConstants) inputs.push_back(graph.weight(name));
    const std::string y = graph.node("BatchNormalization", inputs, {{"epsilon", static_cast<float>(options_.epsilon)}});
    return graph.channels_last(y, in.rank());
  }

 private:
  static constexpr std::array kConstants{"weight", "bias", "running_mean", "running_var"};
};

}  // namespace

LayerKindHandle kinds::group_norm(const GroupNorm::Options& options) {
  return std::make_shared<GroupNormKind>(options);
}

LayerKindHandle kinds::layer_norm(const LayerNorm::Options& options) {
  return std::make_shared<LayerNormKind>(options);
}

LayerKindHandle kinds::rms_norm(const RMSNorm::Options& options) {
  return std::make_shared<RMSNormKind>(options);
}

LayerKindHandle kinds::instance_norm(const InstanceNorm::Options& options) {
  return std::make_shared<InstanceNormKind>(options);
}

LayerKindHandle kinds::frozen_batch_norm(const FrozenBatchNorm::Options& options) {
  return std::make_shared<FrozenBatchNormKind>(options);
}

LayerKindHandle config::read_group_norm(const Section& norm) {
  GroupNorm::Options options;
  options.groups = norm.whole_number("groups", kSize);
  if (norm.states("channels")) options.channels = norm.whole_number("channels", kSize);
  options.epsilon = norm.number("epsilon", kPositive);
  options.affine = norm.flag("affine");
  return kinds::group_norm(options);
}

LayerKindHandle config::read_rms_norm(const Section& norm) {
  RMSNorm::Options options;
  options.normalized = read_normalized(norm);
  options.epsilon = norm.number("epsilon", kPositive);
  options.affine = norm.flag("affine");
  return kinds::rms_norm(options);
}

LayerKindHandle config::read_instance_norm(const Section& norm) {
  InstanceNorm::Options options;
  if (norm.states("channels")) options.channels = norm.whole_number("channels", kSize);
  options.epsilon = norm.number("epsilon", kPositive);
  options.affine = norm.flag("affine");
  return kinds::instance_norm(options);
}

LayerKindHandle config::read_frozen_batch_norm(const Section& norm) {
  FrozenBatchNorm::Options options;
  if (norm.states("channels")) options.channels = norm.whole_number("channels", kSize);
  options.epsilon = norm.number("epsilon", kPositive);
  return kinds::frozen_batch_norm(options);
}

LayerKindHandle config::read_layer_norm(const Section& norm) {
  LayerNorm::Options options;
  options.normalized = read_normalized(norm);
  options.epsilon = norm.number("epsilon", kPositive);
  options.affine = norm.flag("affine");
  return kinds::layer_norm(options);
}

/// There is no such layer: why is told where it is stated.
LayerKindHandle config::read_batch_norm(const Section& norm) {
  try {
    refuse_batch_norm();
  } catch (const SampleMixingError& error) {
    norm.problem(error.what());
  }
  return nullptr;
}

}  // namespace dpml
