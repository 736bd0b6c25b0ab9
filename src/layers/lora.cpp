#include "dpml/layers/lora.h"

#include "checks.h"
#include "child_name.h"
#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"

namespace dpml {

Lora::Lora(std::unique_ptr<Layer> base, std::unique_ptr<Layer> down, std::unique_ptr<Layer> up, float scale)
    : base_(std::move(base)), down_(std::move(down)), up_(std::move(up)), scale_(scale) {
  if (base_ == nullptr || down_ == nullptr || up_ == nullptr) {
    throw ConfigError("Lora: a layer is missing; expected the base, the map down and the map up");
  }
  for (const NamedParameter& named : named_parameters(*up_)) {
    named.parameter->set(Tensor::zeros(named.parameter->shape()));
  }
  Lora::set_name("");
}

void Lora::set_name(std::string name) {
  Layer::set_name(std::move(name));
  base_->set_name(this->name());
  down_->set_name(path_of(this->name(), "lora_A"));
  up_->set_name(path_of(this->name(), "lora_B"));
}

Shape Lora::output_shape(const Shape& sample) const {
  const Shape of_base = base_->output_shape(sample);
  const Shape of_adapter = up_->output_shape(down_->output_shape(sample));
  if (of_base == of_adapter) return of_base;
  throw ShapeError(place() + ": the base gives " + batched_text(of_base) + ", the adapter " + batched_text(of_adapter) +
                   "; expected the same shape");
}

Value Lora::forward(Tape& tape, const Value& x) const {
  output_shape(x.sample_shape());
  const Value adapter = up_->forward(tape, down_->forward(tape, x));
  return add(tape, base_->forward(tape, x), scale(tape, adapter, scale_));
}

void Lora::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  base_->collect_parameters(prefix, into);
  down_->collect_parameters(prefix + "lora_A.", into);
  up_->collect_parameters(prefix + "lora_B.", into);
}

}  // namespace dpml
