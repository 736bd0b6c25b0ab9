#include "dpml/accounting/last_answers.h"

#include <algorithm>

namespace dpml {

namespace {

constexpr std::size_t kKept = 8;  // a search ends within so many questions of its answer

}  // namespace

Bound LastAnswers::find_epsilon(const Ledger& ledger, double delta) const {
  const auto known = std::find_if(answers_.begin(), answers_.end(), [&](const Answer& answer) {
    return answer.delta == delta && answer.ledger == ledger;
  });
  if (known != answers_.end()) return known->epsilon;
  answers_.push_front({ledger, delta, accountant_.epsilon_bound(ledger, delta)});
  if (answers_.size() > kKept) answers_.pop_back();
  return answers_.front().epsilon;
}

Bound LastAnswers::find_delta(const Ledger& ledger, double epsilon) const {
  return accountant_.delta_bound(ledger, epsilon);
}

}  // namespace dpml
