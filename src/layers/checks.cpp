#include "checks.h"

#include "dpml/base/error.h"

namespace dpml {

namespace {

void require_at_least(Index least, const std::string& type, const char* option, Index value) {
  if (value >= least) return;
  throw ConfigError(type + ": " + option + " is " + std::to_string(value) + ", expected " + std::to_string(least) +
                    " or more");
}

}  // namespace

std::string batched_text(const Shape& sample) {
  const std::string axes = sample.to_text().substr(1);
  return (sample.rank() == 0 ? "[B" : "[B, ") + axes;
}

void require_positive(const std::string& type, const char* option, Index value) {
  require_at_least(1, type, option, value);
}

void require_not_negative(const std::string& type, const char* option, Index value) {
  require_at_least(0, type, option, value);
}

}  // namespace dpml
