#include "build_layers.h"
#include "dpml/config/layer_kinds.h"
#include "dpml/layers/residual.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"
#include "readers.h"
#include "wiring.h"

namespace dpml {

namespace {

class SequentialKind final : public config::LayerKind {
 public:
  explicit SequentialKind(std::vector<LayerSpec> layers)
      : layers_(std::move(layers)), layer_count_(1 + config::count_layers(layers_)) {}

  std::size_t layer_count() const override { return layer_count_; }

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    std::vector<LayerSpec> layers = layers_;
    const std::optional<Shape> result = fit.inside(layers, in);
    return {kinds::sequential(std::move(layers)), result};
  }

  std::unique_ptr<Layer> build(Rng& init) const override { return config::build_layers(layers_, init); }

  Shape count(const Shape& in, config::SizeCounter& counter) const override { return counter.inside(layers_, in); }

  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    return graph.inside(layers_, "", x, in);
  }

  bool computes(config::IndexWalk& walk, bool computed_before) const override {
    return walk.computes(layers_, computed_before);
  }

 private:
  std::vector<LayerSpec> layers_;
  std::size_t layer_count_;  // counted once: lists inside lists have many
};

class ResidualKind final : public config::LayerKind {
 public:
  ResidualKind(std::vector<LayerSpec> body, std::vector<LayerSpec> shortcut)
      : body_(std::move(body)),
        shortcut_(std::move(shortcut)),
        layer_count_(1 + config::count_layers(body_) + config::count_layers(shortcut_)) {}

  std::size_t layer_count() const override { return layer_count_; }

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    std::vector<LayerSpec> body = body_;
    std::vector<LayerSpec> shortcut = shortcut_;
    const std::optional<Shape> of_body = fit.inside(body, in);
    const std::optional<Shape> of_shortcut = fit.inside(shortcut, in);
    if (of_body && of_shortcut && *of_body != *of_shortcut) {
      fit.problem("body gives " + of_body->to_text() + ", shortcut gives " + of_shortcut->to_text() +
                  "; the two are added, so make them equal");
    }
    return {kinds::residual(std::move(body), std::move(shortcut)), of_body ? of_body : of_shortcut};
  }

  std::unique_ptr<Layer> build(Rng& init) const override {
    std::unique_ptr<Layer> body = config::build_layers(body_, init);  // first, so that weights are drawn in this order
    if (shortcut_.empty()) return std::make_unique<Residual>(std::move(body));
    return std::make_unique<Residual>(std::move(body), config::build_layers(shortcut_, init));
  }

  Shape count(const Shape& in, config::SizeCounter& counter) const override {
    return counter.recorded(counter.beside(body_, "body.", shortcut_, "shortcut.", in));
  }

  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    return graph.node("Add", {graph.inside(body_, "body.", x, in), graph.inside(shortcut_, "shortcut.", x, in)});
  }

  bool computes(config::IndexWalk& walk, bool computed_before) const override {
    walk.computes(body_, computed_before);
    walk.computes(shortcut_, computed_before);
    return true;
  }

 private:
  std::vector<LayerSpec> body_;
  std::vector<LayerSpec> shortcut_;
  std::size_t layer_count_;
};

}  // namespace

LayerKindHandle kinds::sequential(std::vector<LayerSpec> layers) {
  return std::make_shared<SequentialKind>(std::move(layers));
}

LayerKindHandle kinds::residual(std::vector<LayerSpec> body, std::vector<LayerSpec> shortcut) {
  return std::make_shared<ResidualKind>(std::move(body), std::move(shortcut));
}

LayerKindHandle config::read_sequential(const Section& sequential) {
  return kinds::sequential(read_layers(sequential));
}

SharedWeights config::read_again(const Section& again) {
  return {again.text("layer"), SharedWeights::Use::again};
}

SharedWeights config::read_tied_linear(const Section& tied) {
  return {tied.text("layer"), SharedWeights::Use::tied};
}

LayerKindHandle config::read_residual(const Section& residual) {
  std::vector<LayerSpec> body;
  std::vector<LayerSpec> shortcut;
  if (const auto stated = residual.required_block("body")) body = read_layers(*stated);
  if (residual.states("shortcut")) shortcut = read_layers(residual.block("shortcut"));
  return kinds::residual(std::move(body), std::move(shortcut));
}

}  // namespace dpml
