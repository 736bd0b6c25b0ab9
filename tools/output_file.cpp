#include "output_file.h"

#include <algorithm>
#include <fstream>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/train/open_dataset.h"
#include "dpml/train/run.h"

namespace dpml::tools {

namespace {

namespace fs = std::filesystem;

bool is_same_file(const fs::path& a, const fs::path& b) {
  std::error_code error;
  return fs::equivalent(a, b, error) && !error;
}

/// Also of one whose owner's part was renamed.
bool is_part_of_run(const fs::path& folder) {
  const RunFolder run{folder};
  std::error_code ignored;
  return fs::exists(run.journal(), ignored) || fs::exists(run.checkpoint(), ignored) ||
         fs::exists(folder / run.journal().filename(), ignored);
}

/// Also an empty one, as other programs make to have a name.
bool may_be_replaced(const fs::path& file, const OutputKind& kind) {
  std::error_code error;
  if (!fs::exists(file, error) || fs::file_size(file, error) == 0) return !error;
  std::string begins(kind.at + kind.begins.size(), '\0');
  std::ifstream(file, std::ios::binary).read(begins.data(), static_cast<std::streamsize>(begins.size()));
  return begins.substr(kind.at) == kind.begins;
}

void add_data(const Experiment& experiment, std::vector<fs::path>& files) {
  for (const DataOptions* data : {&experiment.train, experiment.test ? &*experiment.test : nullptr}) {
    if (data == nullptr) continue;
    const std::vector<fs::path> of_data = data_files(*data);
    files.insert(files.end(), of_data.begin(), of_data.end());
  }
}

}  // namespace

std::vector<fs::path> files_of_run(const fs::path& run, const Experiment* experiment) {
  std::vector<fs::path> files{model_file_of(run)};
  const fs::path folder = files.front().parent_path();
  std::error_code ignored;
  // A link to a file of the run is that file, wherever it lies.
  if (fs::is_directory(run) || fs::exists(RunFolder{folder}.owner(), ignored)) {
    for (const auto& entry : fs::recursive_directory_iterator(folder, ignored)) {
      if (entry.is_regular_file(ignored)) files.push_back(entry.path());
    }
  }
  if (experiment != nullptr) add_data(*experiment, files);
  return files;
}

std::vector<fs::path> files_of_config(const fs::path& config, const Experiment& experiment) {
  std::vector<fs::path> files{config};
  add_data(experiment, files);
  return files;
}

fs::path output_path(const std::string& out, const OutputKind& kind, std::span<const fs::path> inputs) {
  if (out.empty()) throw ConfigError("the file to write has no name");
  std::error_code error;
  const fs::file_status status = fs::status(out, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw ConfigError(out + ": expected a file to write, found a " +
                      (fs::is_directory(status) ? "folder" : "device or a pipe"));
  }
  const fs::path path = fs::weakly_canonical(fs::absolute(out), error);
  if (error) throw ConfigError(out + ": cannot be written: " + error.message());
  for (const fs::path& input : inputs) {
    if (!is_same_file(path, input)) continue;
    throw ConfigError(out + ": is " + input.string() + ", which this command reads; write to another file");
  }
  for (fs::path folder = path.parent_path();; folder = folder.parent_path()) {
    if (is_part_of_run(folder)) {
      throw ConfigError(out + ": lies in the folder of a run, " + printable(folder.string()) +
                        ", where nothing else is written; write to a file outside");
    }
    if (folder == folder.parent_path()) break;
  }
  if (!may_be_replaced(path, kind)) {
    throw ConfigError(out + ": is there already and is not " + std::string(kind.words) +
                      ", which alone is written over here; remove it, or write to another file");
  }
  return path;
}

}  // namespace dpml::tools
