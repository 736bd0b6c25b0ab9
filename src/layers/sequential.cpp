#include "dpml/layers/sequential.h"

#include <algorithm>

#include "child_name.h"
#include "dpml/base/error.h"

namespace dpml {

Layer& Sequential::add(std::unique_ptr<Layer> layer, std::string child_name) {
  if (layer == nullptr) throw ConfigError(place() + ": the layer to add is missing");
  if (child_name.empty()) child_name = std::to_string(children_.size());
  if (child_name.find('.') != std::string::npos) {
    throw ConfigError(place() + ": layer name \"" + child_name +
                      "\" holds a dot; dots separate names of nested layers");
  }
  const auto same_name = [&](const Child& child) { return child.name == child_name; };
  if (std::any_of(children_.begin(), children_.end(), same_name)) {
    throw ConfigError(place() + ": there is a layer \"" + child_name + "\" already; names must differ");
  }
  layer->set_name(path_of(name(), child_name));
  children_.push_back({std::move(child_name), std::move(layer)});
  return *children_.back().layer;
}

void Sequential::set_name(std::string name) {
  Layer::set_name(std::move(name));
  for (const Child& child : children_) child.layer->set_name(path_of(this->name(), child.name));
}

Value Sequential::forward(Tape& tape, const Value& x) const {
  Value value = x;
  for (const Child& child : children_) value = child.layer->forward(tape, value);
  return value;
}

Shape Sequential::output_shape(const Shape& sample) const {
  Shape shape = sample;
  for (const Child& child : children_) shape = child.layer->output_shape(shape);
  return shape;
}

NumberRule Sequential::input_rule() const {
  NumberRule rule = AnyNumber{};
  bool kept = true;
  for (const Child& child : children_) {
    const NumberRule wanted = child.layer->input_rule();
    if (kept) {
      rule = both(rule, wanted);
    } else if (!std::holds_alternative<AnyNumber>(wanted)) {
      throw ConfigError(child.layer->place() + ": its input must be " + to_text(wanted) +
                        " everywhere, but a layer before it computes other numbers; put it first");
    }
    kept = kept && child.layer->keeps_numbers();
  }
  return rule;
}

bool Sequential::keeps_numbers() const {
  return std::all_of(children_.begin(), children_.end(),
                     [](const Child& child) { return child.layer->keeps_numbers(); });
}

void Sequential::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  for (const Child& child : children_) child.layer->collect_parameters(prefix + child.name + ".", into);
}

}  // namespace dpml
