#pragma once

#include <algorithm>

namespace dpml::pld {

/// How much work an answer may still take, in units of about a nanosecond on one core of a usual machine. Every piece
/// of work is weighed by its size before it is begun, never by a clock, so the same question has the same answer
/// everywhere.
class WorkBudget {
 public:
  explicit WorkBudget(double units) : left_(units) {}

  double left() const { return left_; }
  bool allows(double units) const { return units <= left_; }
  void spend(double units) { left_ = std::max(0.0, left_ - units); }

 private:
  double left_;
};

}  // namespace dpml::pld
