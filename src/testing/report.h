#pragma once

#include <string>
#include <utility>
#include <vector>

namespace dpml::testing {

/// Collects what a layer breaks, under the heading of the check that found it.
class Report {
 public:
  void begin(std::string check) {
    check_ = std::move(check);
    count_ = 0;
  }

  /// A broken promise. One mistake breaks it in many places, so a check keeps its first few.
  void add(const std::string& violation) {
    constexpr int kKept = 4;
    if (++count_ <= kKept) violations_.push_back(check_ + ": " + violation);
  }

  std::vector<std::string> take() { return std::move(violations_); }

 private:
  std::string check_;
  int count_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace dpml::testing
