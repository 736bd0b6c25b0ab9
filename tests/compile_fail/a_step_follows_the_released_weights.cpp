// refused: (discards qualifiers|ref-qualifi|rvalue|expects an rvalue)
#include "dpml/train/trainer.h"

// The compiler refuses to keep the weights of a trainer that is not given up. A step of one that was given up, by
// std::move, compiles and throws PrivacyError (tests/train/trainer_test.cpp).
dpml::Ledger used_up(dpml::Trainer& trainer) {
  return std::move(trainer).keep_released_weights();
}
#ifdef DPML_BREAKS
void and_on(dpml::Trainer& trainer) {
  trainer.keep_released_weights();
  trainer.step();
}
#endif
