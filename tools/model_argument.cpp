#include "model_argument.h"

#include "dpml/train/run.h"

namespace dpml::tools {

std::filesystem::path model_file_of(const std::string& run) {
  return std::filesystem::is_directory(run) ? RunFolder{run}.model() : std::filesystem::path(run);
}

}  // namespace dpml::tools
