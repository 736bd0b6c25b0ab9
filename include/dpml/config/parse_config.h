#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "dpml/config/experiment.h"

namespace dpml {

/// In bytes. Enough for a table of some thousand columns.
inline constexpr std::size_t kLongestConfig = std::size_t{1} << 20;

/// Reads a config in protobuf text format (schema: proto/dpml/config.proto); opens no file.
///
///   file_name  names the config in messages; its folder is where relative paths begin
///   overrides  `path=value`, applied in order: "privacy.delta=1e-6", "model.layer[2].linear.out=64",
///              "data.shape=[28, 28, 1]". Relative paths in them begin in the current folder. One that states an
///              alternative of what the file states takes its place (noise_multiplier for target_epsilon).
///
/// Throws ConfigError with everything that is wrong, one problem a line: `file:line: field: what is wrong; what to do`,
/// or `--set path=value: field: ...`. Text that breaks the rules of the format, or is no UTF-8, is told alone, as
/// nothing else is sure; so is text longer than kLongestConfig.
Experiment parse_config(const std::string& text, const std::string& file_name,
                        std::span<const std::string> overrides = {});

/// Reads the config in a file of dpml of this format version (docs/file_format.md), which must be its own canonical
/// text and may know no field that came later. It may be that of a program. Throws ConfigError as above, and saying
/// from which line on it is not canonical.
Experiment parse_stored_config(const std::string& text, const std::string& file_name, std::uint64_t format_version);

/// The canonical config of a training by a program that embeds dpml, whose data and model are known to it alone: what
/// parse_stored_config reads as a program's. Throws ConfigError when the options cannot stand in a config.
std::string describe_program(const std::string& program, const PrivacyOptions& privacy, const LossOptions& loss,
                             const OptimizerOptions& optimizer, const ScheduleOptions& schedule,
                             const AveragingOptions& averaging);

}  // namespace dpml
