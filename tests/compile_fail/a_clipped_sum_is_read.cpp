// refused: (contents_.* is private|is a private member)
#include "dpml/dpsgd/clipped_sum.h"

#ifdef DPML_BREAKS
auto read(dpml::ClippedSum& sum) {
  return sum.contents_;
}
#endif
