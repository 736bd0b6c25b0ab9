#include "dpml/dpsgd/privacy_options.h"

#include "dpml/base/error.h"

namespace dpml {

bool may_claim(InitialWeights origin) {
  switch (origin) {
    case InitialWeights::random:
    case InitialWeights::public_data:
    case InitialWeights::same_people:
    case InitialWeights::disjoint_people:
      return true;
    case InitialWeights::unknown:
      return false;
  }
  throw InternalError("InitialWeights: not one of the enumerated values");
}

bool claims_with_earlier_runs(InitialWeights origin) {
  switch (origin) {
    case InitialWeights::same_people:
      return true;
    case InitialWeights::random:
    case InitialWeights::public_data:
    case InitialWeights::disjoint_people:
    case InitialWeights::unknown:
      return false;
  }
  throw InternalError("InitialWeights: not one of the enumerated values");
}

}  // namespace dpml
