#pragma once

// What the constructors and forwards of several layers check, and how they say it.

#include <string>

#include "dpml/tensor/shape.h"

namespace dpml {

/// The shape of a batch of such samples, for messages: [28, 28] -> "[B, 28, 28]".
std::string batched_text(const Shape& sample);

/// Throw ConfigError, `Linear: in is 0, expected 1 or more`.
void require_positive(const std::string& type, const char* option, Index value);
void require_not_negative(const std::string& type, const char* option, Index value);

}  // namespace dpml
