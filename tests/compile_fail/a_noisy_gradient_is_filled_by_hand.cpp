// refused: (tensors_.* is private|is a private member)
#include "dpml/dpsgd/mechanism.h"

const std::vector<dpml::Tensor>& read(const dpml::NoisyGradient& gradient) {
  return gradient.tensors();
}
#ifdef DPML_BREAKS
void filled(dpml::NoisyGradient& gradient, std::vector<dpml::Tensor> tensors) {
  gradient.tensors_ = std::move(tensors);
}
#endif
