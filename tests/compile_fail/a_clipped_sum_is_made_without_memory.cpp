// refused: (private|no matching)
#include "dpml/dpsgd/clipped_sum.h"

dpml::ClippedSum made(dpml::SumMemory& memory) {
  return memory.begin();
}
#ifdef DPML_BREAKS
dpml::ClippedSum from_nothing() {
  return dpml::ClippedSum(nullptr);
}
#endif
