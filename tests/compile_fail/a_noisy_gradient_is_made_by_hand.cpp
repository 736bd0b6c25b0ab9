// refused: (NoisyGradient\(\).* is private|calling a private constructor)
#include "dpml/dpsgd/mechanism.h"

dpml::NoisyGradient handed_on(const dpml::NoisyGradient& gradient) {
  return gradient;
}
#ifdef DPML_BREAKS
dpml::NoisyGradient made() {
  return dpml::NoisyGradient();
}
#endif
