#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dpml/layers/layer.h"

namespace dpml {

/// Low-rank adaptation of a layer with one weight (Hu et al. 2021, LoRA): y = base(x) + scale up(down(x)), where down
/// makes few features of x and up, a linear layer that begins at 0, the output's of them. Which of the weights are
/// trained is not decided here.
///
/// The base's parameters keep their names, so that its weights are found in files of others; the adapter's are named
/// "lora_A.weight" and "lora_B.weight".
class Lora final : public Layer {
 public:
  /// Sets up's parameters to 0. Throws ConfigError when a layer is missing.
  Lora(std::unique_ptr<Layer> base, std::unique_ptr<Layer> down, std::unique_ptr<Layer> up, float scale);

  Value forward(Tape& tape, const Value& x) const override;
  /// Throws ShapeError when base and adapter give different shapes.
  Shape output_shape(const Shape& sample) const override;
  NumberRule input_rule() const override { return both(base_->input_rule(), down_->input_rule()); }
  void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) override;
  std::string type() const override { return "Lora"; }
  void set_name(std::string name) override;

 private:
  std::unique_ptr<Layer> base_;
  std::unique_ptr<Layer> down_;
  std::unique_ptr<Layer> up_;
  float scale_;
};

}  // namespace dpml
