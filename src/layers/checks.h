#pragma once

// What the constructors and forwards of several layers check, and how they say it.

#include <initializer_list>
#include <optional>
#include <string>

#include "dpml/layers/option_problem.h"
#include "dpml/tensor/shape.h"

namespace dpml {

/// The shape of a batch of such samples, for messages: [28, 28] -> "[B, 28, 28]".
std::string batched_text(const Shape& sample);

struct Size {
  const char* option;
  Index value;
};

/// The first of the sizes that is less than it may be: {"in", "is 0, expected 1 or more"}.
std::optional<OptionProblem> first_not_positive(std::initializer_list<Size> sizes);
std::optional<OptionProblem> first_negative(std::initializer_list<Size> sizes);

/// {"epsilon", "is 0, expected a number above 0"} unless it is one.
std::optional<OptionProblem> epsilon_problem(double epsilon);

/// Unless the groups divide the channels of input and output.
std::optional<OptionProblem> groups_problem(Index groups, Index in_channels, Index out_channels);

/// When padding_same stands beside a padding, or strides of more than 1.
std::optional<OptionProblem> padding_same_problem(bool padding_same, bool has_no_padding, bool has_no_stride);

/// Unless an output padding is at least 0, and below the stride or the dilation.
std::optional<OptionProblem> output_padding_problem(const Size& output_padding, Index stride, Index dilation);

/// Throws ConfigError when there is a problem, `Linear: in is 0, expected 1 or more`.
void require_none(const std::string& type, const std::optional<OptionProblem>& problem);

}  // namespace dpml
