#include "dpml/layers/residual.h"

#include "checks.h"
#include "child_name.h"
#include "dpml/autograd/ops.h"
#include "dpml/base/error.h"

namespace dpml {

namespace {

void require_same(const std::string& place, const Shape& body, const Shape& shortcut) {
  if (body == shortcut) return;
  throw ShapeError(place + ": the body gives " + batched_text(body) + ", the shortcut " + batched_text(shortcut) +
                   "; expected the same shape. Give a shortcut layer that maps the input to the body's shape");
}

}  // namespace

Residual::Residual(std::unique_ptr<Layer> body, std::unique_ptr<Layer> shortcut)
    : body_(std::move(body)), shortcut_(std::move(shortcut)) {
  if (body_ == nullptr) throw ConfigError("Residual: the body is missing");
  Residual::set_name("");
}

void Residual::set_name(std::string name) {
  Layer::set_name(std::move(name));
  body_->set_name(path_of(this->name(), "body"));
  if (shortcut_ != nullptr) shortcut_->set_name(path_of(this->name(), "shortcut"));
}

Shape Residual::output_shape(const Shape& sample) const {
  const Shape shape = body_->output_shape(sample);
  require_same(place(), shape, shortcut_ == nullptr ? sample : shortcut_->output_shape(sample));
  return shape;
}

NumberRule Residual::input_rule() const {
  return shortcut_ == nullptr ? body_->input_rule() : both(body_->input_rule(), shortcut_->input_rule());
}

Value Residual::forward(Tape& tape, const Value& x) const {
  const Value a = body_->forward(tape, x);
  const Value b = shortcut_ == nullptr ? x : shortcut_->forward(tape, x);
  require_same(place(), a.shape().without_front(), b.shape().without_front());
  return add(tape, a, b);
}

void Residual::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  body_->collect_parameters(prefix + "body.", into);
  if (shortcut_ != nullptr) shortcut_->collect_parameters(prefix + "shortcut.", into);
}

}  // namespace dpml
