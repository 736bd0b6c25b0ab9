#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dpml/config/experiment.h"
#include "dpml/config/model_picture.h"

namespace dpml::tools {

/// What a command writes. A file that is there already is replaced only when it begins so: a slip of the keyboard must
/// not cost a config, or data that the command does not know of.
struct OutputKind {
  std::string_view begins;
  std::string_view words;
  std::size_t at = 0;  ///< behind so many bytes
};
inline constexpr OutputKind kPredictions{"row,", "a table of predictions"};
inline constexpr OutputKind kPlot{"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg ", "a plot"};
inline constexpr OutputKind kPicture{kModelPictureBegins, "a picture of a model"};

// What dpml itself exported (dpml/io/weight_writers.h, dpml/onnx/graph_writer.h).
inline constexpr OutputKind kSafetensors{"{\"__metadata__\":{\"dpml_version\"", "safetensors of dpml", 8};
inline constexpr OutputKind kNpz{"dpml_guarantee.npy", "an .npz of dpml", 30};
inline constexpr OutputKind kOnnx{
    "\x08\x08\x12\x04"
    "dpml",
    "ONNX of dpml"};

/// What may not be written over by who reads a run: its model, its other files and, where the experiment is known, its
/// data.
std::vector<std::filesystem::path> files_of_run(const std::filesystem::path& run, const Experiment* experiment);

/// The same by who reads a config: the config and its data.
std::vector<std::filesystem::path> files_of_config(const std::filesystem::path& config, const Experiment& experiment);

/// Where a command may write, the file that links lead to. Throws ConfigError when that is one of `inputs`, under
/// whatever name, or lies in the folder of a run, whose files belong together and to their owner; when it is a file
/// of another kind that is not empty; when the name is empty, or no file's.
std::filesystem::path output_path(const std::string& out, const OutputKind& kind,
                                  std::span<const std::filesystem::path> inputs);

}  // namespace dpml::tools
