#pragma once

#include <span>
#include <string>

#include "dpml/config/experiment.h"

namespace dpml {

/// Reads a config in protobuf text format (schema: proto/dpml/config.proto); opens no file.
///
///   file_name  names the config in messages; its folder is where relative paths begin
///   overrides  `path=value`, applied in order: "privacy.delta=1e-6", "model.layer[2].linear.out=64",
///              "data.shape=[28, 28, 1]". Relative paths in them begin in the current folder. One that states an
///              alternative of what the file states takes its place (noise_multiplier for target_epsilon).
///
/// Throws ConfigError with everything that is wrong, one problem a line: `file:line: field: what is wrong; what to do`,
/// or `--set path=value: field: ...`. Text that breaks the rules of the format is told alone, as nothing else is sure.
Experiment parse_config(const std::string& text, const std::string& file_name,
                        std::span<const std::string> overrides = {});

}  // namespace dpml
