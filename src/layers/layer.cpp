#include "dpml/layers/layer.h"

namespace dpml {

void Module::collect_parameters(const std::string&, std::vector<NamedParameter>&) {}

std::string Module::place() const {
  return name_.empty() ? type() : type() + " \"" + name_ + "\"";
}

std::vector<NamedParameter> named_parameters(Module& model) {
  std::vector<NamedParameter> parameters;
  model.collect_parameters("", parameters);
  return parameters;
}

Index count_parameters(Module& model) {
  Index count = 0;
  for (const NamedParameter& named : named_parameters(model)) count += named.parameter->size();
  return count;
}

}  // namespace dpml
