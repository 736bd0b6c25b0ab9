#pragma once

#include <string>

namespace dpml {

/// What is wrong with the options of a layer. Each layer tells it once, by its static `problem_of`: the constructor
/// throws it as a ConfigError, `Linear: in is 0, expected 1 or more`, and a config tells it where the option is stated.
struct OptionProblem {
  std::string option;  ///< "groups"
  std::string what;    ///< "is 3, which does not divide 4 channels; state a divisor"
};

}  // namespace dpml
