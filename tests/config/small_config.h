#pragma once

#include <string>

#include "dpml/base/error.h"
#include "dpml/config/parse_config.h"

namespace dpml {

/// A config that is right. Tests count on its line numbers: line 1 is `privacy {`.
inline const std::string kSmallConfig =
    R"(privacy {
  unit: "one image"
  neighbours: ADD_OR_REMOVE_ONE
  poisson { expected_batch_size: 100 public_size: 9300 }
  epochs: 2
  clip_bound: 1
  delta: 1e-5
  target_epsilon: 3
}
data {
  train { idx { inputs: "train-images.gz" labels: "/data/train-labels.gz" } }
  shape: [8, 8, 1]
  classes: 10
}
model {
  layer { conv2d { out_channels: 4 kernel: 3 } }
  layer { tanh {} }
  layer { flatten {} }
  layer {
    name: "last"
    linear { out: 10 }
  }
}
loss: CROSS_ENTROPY
optimizer { sgd { learning_rate: 0.5 } }
)";

/// The small config with one piece replaced.
inline std::string with(const std::string& piece, const std::string& replacement,
                        const std::string& config = kSmallConfig) {
  const std::size_t place = config.find(piece);
  if (place == std::string::npos) throw std::logic_error("the config does not hold: " + piece);
  std::string changed = config;
  return changed.replace(place, piece.size(), replacement);
}

inline Experiment parse(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_config(text, "/configs/c.txtpb", overrides);
}

/// The text of the ConfigError, or "" when the config is accepted.
inline std::string problems_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    parse_config(text, "c.txtpb", overrides);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

/// A config around a model that ends in any shape; the model begins on line 2.
inline std::string around_model(const std::string& model, const std::string& shape) {
  return "privacy { unit: \"u\" neighbours: ADD_OR_REMOVE_ONE full_batch { public_size: 9 } steps: 1 clip_bound: 1 "
         "delta: 1e-5 noise_multiplier: 1 }\nmodel {\n" +
         model +
         "\n}\nloss: MEAN_SQUARED_ERROR optimizer { sgd { learning_rate: 1 } } data { train { npy { inputs: \"x\" "
         "labels: \"y\" } } shape: " +
         shape + " }";
}

}  // namespace dpml
