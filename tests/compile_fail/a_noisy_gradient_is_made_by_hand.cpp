// refused: private
#include "dpml/dpsgd/mechanism.h"

const std::vector<dpml::Tensor>& read(const dpml::NoisyGradient& gradient) {
  return gradient.tensors();
}
#ifdef DPML_BREAKS
dpml::NoisyGradient made(std::vector<dpml::Tensor> tensors) {
  dpml::NoisyGradient gradient;
  gradient.tensors_ = std::move(tensors);
  return gradient;
}
#endif
