#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace dpml::tools {

/// What a command writes. A file that is there already is replaced only when it begins so: a slip of the keyboard must
/// not cost a config, or data that the command does not know of.
struct OutputKind {
  std::string_view begins;
  std::string_view words;
};
inline constexpr OutputKind kPredictions{"row,", "a table of predictions"};
inline constexpr OutputKind kPlot{"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg ", "a plot"};

/// Where a command may write, the file that links lead to. Throws ConfigError when that is one of `inputs`, under
/// whatever name, or lies in the folder of a run, whose files belong together and to their owner; when it is a file
/// of another kind that is not empty; when the name is empty, or no file's.
std::filesystem::path output_path(const std::string& out, const OutputKind& kind,
                                  std::span<const std::filesystem::path> inputs);

}  // namespace dpml::tools
