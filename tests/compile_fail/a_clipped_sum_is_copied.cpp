// refused: (deleted|implicitly)
#include "dpml/dpsgd/clipped_sum.h"

dpml::ClippedSum handed_on(dpml::ClippedSum sum) {
  return sum;
}
#ifdef DPML_BREAKS
dpml::ClippedSum copied(const dpml::ClippedSum& sum) {
  return sum;
}
#endif
