#include "dpml/layers/lora.h"

#include <cmath>

#include "dpml/config/layer_kinds.h"
#include "layer_kinds/kinds.h"
#include "layer_kinds/layer_kind.h"

namespace dpml {

namespace {

class LoraKind final : public config::LayerKind {
 public:
  LoraKind(LoraOptions options, LayerKindHandle base) : options_(options), base_(std::move(base)) {}

  Fitted fitted(const Shape& in, const config::Fit& fit) const override {
    Fitted base = base_->fitted_to({in}, fit);
    if (!base.result) return {};
    const LayerKindHandle fitted_base = base.kind == nullptr ? base_ : base.kind;
    const std::optional<MapDown> down = fitted_base->map_down(options_.rank);
    if (!down) {
      fit.problem_beside("lora",
                         "adapts no layer of this kind; it is for linear, convolutions without groups and embeddings");
      return {};
    }
    auto kind = std::make_shared<LoraKind>(options_, fitted_base);
    kind->output_first_ = down->output_first;
    kind->adapter_ = {{.name = "lora_A", .kind = down->kind, .word = "lora"},
                      {.name = "lora_B",
                       .kind = kinds::linear({.in = options_.rank, .out = (*base.result)[-1], .bias = false}),
                       .word = "lora"}};
    return {kind, base.result};
  }

  std::unique_ptr<Layer> build(Rng& init) const override {
    auto base = std::get<std::unique_ptr<Layer>>(base_->built(init));
    auto down = std::get<std::unique_ptr<Layer>>(adapter_[0].kind->built(init));
    auto up = std::get<std::unique_ptr<Layer>>(adapter_[1].kind->built(init));
    return std::make_unique<Lora>(std::move(base), std::move(down), std::move(up), static_cast<float>(scale()));
  }

  Shape count(const Shape& in, config::SizeCounter& counter) const override {
    return counter.adapted(*base_, adapter_, scale(), output_first_, in);
  }

  /// onnx_model merged the adapter into the base's weight.
  std::string onnx(const std::string& x, const Shape& in, config::OnnxGraph& graph) const override {
    return base_->written({x}, {in}, graph);
  }

  std::size_t layer_count() const override { return base_->layer_count() + 2; }

  bool computes(config::IndexWalk& walk, bool computed_before) const override {
    return base_->computes_of(walk, {computed_before});
  }

 private:
  double scale() const { return options_.alpha / static_cast<double>(options_.rank); }

  LoraOptions options_;
  LayerKindHandle base_;
  std::vector<LayerSpec> adapter_;  // down and up; once fitted
  bool output_first_ = true;
};

}  // namespace

LayerKindHandle kinds::lora(const LoraOptions& options, LayerKindHandle base) {
  return std::make_shared<LoraKind>(options, std::move(base));
}

LoraOptions config::read_lora(const Section& lora) {
  LoraOptions options{.rank = lora.whole_number("rank", kSize), .alpha = 0};
  options.alpha = lora.states("alpha") ? lora.number("alpha", kPositive) : static_cast<double>(options.rank);
  const auto scale = static_cast<float>(options.alpha / static_cast<double>(options.rank));
  if (!(scale > 0) || !std::isfinite(scale)) {
    lora.problem("alpha", "over rank is " + std::to_string(scale) + " as a float; state a number nearer to the rank");
  }
  return options;
}

}  // namespace dpml
