#pragma once

#include <string>
#include <vector>

#include "problems.h"

namespace dpml::config {

class Origins;
struct StatedValue;

/// `name: value`, `name { ... }` or `name: [value, ...]` of protobuf text format, before anything is known about names.
struct Statement {
  std::string name;
  int line = 0;
  bool is_list = false;  ///< written with [ ]
  std::vector<StatedValue> values;
};

struct StatedValue {
  int line = 0;
  bool is_block = false;
  bool is_constant = false;      ///< `$name`, the name in `scalar`; nowhere after replace_constants
  std::string scalar;            ///< as written: `-1e-5`, `"text"`, `inf`
  std::vector<Statement> block;  ///< of a block
};

/// Splits text into statements. protobuf's own parser stops at the first unknown name or wrong type; knowing the
/// statements beforehand lets all of them be reported. Throws ConfigError when the text cannot be split.
std::vector<Statement> read_statements(const std::string& text, const Origins& origins, Problems& problems);

}  // namespace dpml::config
