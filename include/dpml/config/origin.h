#pragma once

#include <string>

namespace dpml {

/// Where a setting was stated, for messages.
struct Origin {
  std::string place;  ///< "cnn.txtpb:12", or "--set runtime.threads=x"; empty for settings made in C++
  std::string field;  ///< "model.layer[2].linear.out"
  int line = 0;       ///< from 1; 0 for what does not stand in a file
};

/// "cnn.txtpb:12: model.layer[2].linear.out", without what is empty.
std::string to_text(const Origin& origin);

}  // namespace dpml
