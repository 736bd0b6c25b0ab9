// refused: (cannot bind|could not convert|no viable|cannot convert|no matching|invalid initialization)
#include "dpml/optim/optimizer.h"

bool paid(dpml::Optimizer& optimizer, const dpml::NoisyGradient& gradient) {
  return optimizer.apply(gradient, 0);
}
#ifdef DPML_BREAKS
bool unpaid(dpml::Optimizer& optimizer, const std::vector<dpml::Tensor>& gradient) {
  return optimizer.apply(gradient, 0);
}
#endif
