// refused: (discards qualifiers|ref-qualifi|rvalue|expects an rvalue)
#include "dpml/train/trainer.h"

dpml::Ledger used_up(dpml::Trainer& trainer) {
  return std::move(trainer).keep_released_weights();
}
#ifdef DPML_BREAKS
void and_on(dpml::Trainer& trainer) {
  trainer.keep_released_weights();
  trainer.step();
}
#endif
