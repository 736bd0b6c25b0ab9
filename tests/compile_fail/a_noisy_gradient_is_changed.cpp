// refused: (discards qualifiers|no matching|not marked const|qualifier)
#include "dpml/dpsgd/mechanism.h"

#ifdef DPML_BREAKS
void changed(dpml::NoisyGradient& gradient) {
  gradient.tensors()[0].mutable_data()[0] = 0;
}
#endif
