#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dpml/config/origin.h"

namespace dpml::config {

/// Everything that is wrong with a config, collected so that it can be told at once.
class Problems {
 public:
  void add(const Origin& origin, std::string_view what);  ///< `what`: "is 2; state a number below 1"
  bool empty() const { return problems_.empty(); }
  bool tells_of(const std::string& field) const;

  /// Throws ConfigError with one problem a line, `place: field: what`: the file's by line, then those of --set; of
  /// many, the first that were found and how many more there are. Returns when there are none.
  void throw_if_any() const;

 private:
  struct Problem {
    int line;
    std::string field;
    std::string text;
  };
  std::vector<Problem> problems_;
  std::size_t untold_ = 0;  ///< problems beyond those that are kept
};

}  // namespace dpml::config
