#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dpml/config/model_spec.h"
#include "dpml/layers/layer.h"
#include "dpml/random/rng.h"
#include "index_inputs.h"
#include "layer_kinds/fit.h"
#include "onnx_graph.h"
#include "size_counter.h"

namespace dpml::config {

/// What one layer or merge of a model is: a file for each kind or family. Made from a block of the config (kinds.h) or
/// by dpml/config/layer_kinds.h. What a layer's options may be and what shape it makes is told by the layer itself, in
/// static functions; here it meets the inputs of its place in the model and the lines of the config.
class ModuleKind {
 public:
  virtual ~ModuleKind() = default;

  struct Fitted {
    LayerKindHandle kind;         ///< with all sizes known; nullptr when it is this one
    std::optional<Shape> result;  ///< absent when it cannot be known
  };
  using Built = std::variant<std::unique_ptr<Layer>, std::unique_ptr<Merge>>;

  // What walks over a list of layers ask, each with one entry per input. A layer answers as LayerKind says below, a
  // merge for itself (merges.cpp).

  virtual bool is_merge() const = 0;
  virtual Fitted fitted_to(const std::vector<Shape>& in, const Fit& fit) const = 0;
  virtual Built built(Rng& init) const = 0;
  virtual Shape counted(const std::vector<Shape>& in, SizeCounter& counter) const = 0;
  virtual std::string written(const std::vector<std::string>& x, const std::vector<Shape>& in,
                              OnnxGraph& graph) const = 0;
  virtual bool computes_of(IndexWalk& walk, const std::vector<bool>& computed_before) const = 0;

  /// Layers in it, itself included; what is beyond kMostLayers is not counted exactly.
  virtual std::size_t layer_count() const { return 1; }

  /// What maps back by the same weight (SharedWeights::Use::tied), which `owner`, a layer that this kind built, holds;
  /// nullptr: nothing does.
  virtual LayerKindHandle tied() const { return nullptr; }
  virtual std::unique_ptr<Layer> build_tied(const Layer& /*owner*/) const { return nullptr; }

  /// A layer that maps as this one does, but to `rank` features and without bias, for a low-rank adaptation; absent:
  /// there is none.
  struct MapDown {
    LayerKindHandle kind;
    bool output_first;  ///< Adapter::output_first
  };
  virtual std::optional<MapDown> map_down(Index /*rank*/) const { return std::nullopt; }
};

/// Of a layer: one input.
class LayerKind : public ModuleKind {
 public:
  /// Fills in the sizes that follow from one sample of the input and tells `fit` what is wrong. May throw ShapeError
  /// for shapes of more numbers than can be counted.
  virtual Fitted fitted(const Shape& in, const Fit& fit) const = 0;

  // What follows wants a kind that is fitted.

  virtual std::unique_ptr<Layer> build(Rng& init) const = 0;

  /// Tells weights, in the order of named_parameters, and what a sample leaves on a tape; returns the result's shape.
  virtual Shape count(const Shape& in, SizeCounter& counter) const = 0;

  /// Writes the layer's forward pass, as it is in predictions, on the value `x`, a batch of samples of shape `in`;
  /// returns the result. A layer that ONNX has no form for says so: `graph.refuse_onnx();`
  virtual std::string onnx(const std::string& x, const Shape& in, OnnxGraph& graph) const = 0;

  /// Whether the result holds numbers that were computed, given whether the input does. A kind that takes indices tells
  /// the walk, and containers send it on to what is inside.
  virtual bool computes(IndexWalk&, bool /*computed_before*/) const { return true; }

  bool is_merge() const final { return false; }
  Fitted fitted_to(const std::vector<Shape>& in, const Fit& fit) const final { return fitted(in[0], fit); }
  Built built(Rng& init) const final { return build(init); }
  Shape counted(const std::vector<Shape>& in, SizeCounter& counter) const final { return count(in[0], counter); }
  std::string written(const std::vector<std::string>& x, const std::vector<Shape>& in, OnnxGraph& graph) const final {
    return onnx(x[0], in[0], graph);
  }
  bool computes_of(IndexWalk& walk, const std::vector<bool>& computed_before) const final {
    return computes(walk, computed_before[0]);
  }
};

/// A layer without options.
template <class L>
class PlainKind : public LayerKind {
 public:
  Fitted fitted(const Shape& in, const Fit&) const override { return {nullptr, L().output_shape(in)}; }
  std::unique_ptr<Layer> build(Rng&) const override { return std::make_unique<L>(); }
  Shape count(const Shape& in, SizeCounter& counter) const override { return counter.recorded(L().output_shape(in)); }
};

/// A layer without layers inside, told by its options alone. L has Options and static functions problem_of and
/// output_shape on them.
template <class L>
class KindOf : public LayerKind {
 public:
  using Options = typename L::Options;

  explicit KindOf(Options options) : options_(std::move(options)) {}

  std::unique_ptr<Layer> build(Rng& init) const override {
    if constexpr (std::constructible_from<L, const Options&, Rng&>) {
      return std::make_unique<L>(options_, init);
    } else {
      return std::make_unique<L>(options_);
    }
  }

  Shape count(const Shape& in, SizeCounter& counter) const override {
    for (const WeightSize& weight : weights()) counter.weight(weight.name, weight.shape);
    return counter.recorded(L::output_shape(options_, in));
  }

 protected:
  /// In the order of named_parameters, shapes as in files.
  virtual std::vector<WeightSize> weights() const { return {}; }

  Options options_;
};

}  // namespace dpml::config
