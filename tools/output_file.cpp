#include "output_file.h"

#include <algorithm>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
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

}  // namespace

fs::path output_path(const std::string& out, std::span<const fs::path> inputs) {
  if (out.empty()) throw ConfigError("the file to write has no name");
  std::error_code error;
  const fs::path path = fs::weakly_canonical(fs::absolute(out), error);
  if (error) throw ConfigError(out + ": cannot be written: " + error.message());
  if (fs::is_directory(path, error)) throw ConfigError(out + ": expected a file to write, found a folder");
  for (const fs::path& input : inputs) {
    if (!is_same_file(path, input)) continue;
    throw ConfigError(out + ": is " + input.string() + ", which this command reads; write to another file");
  }
  for (fs::path folder = path.parent_path();; folder = folder.parent_path()) {
    if (is_part_of_run(folder)) {
      throw ConfigError(out + ": lies in the folder of a run, " + printable(folder.string()) +
                        ", where nothing else is written; write to a file outside");
    }
    if (folder == folder.parent_path()) return path;
  }
}

}  // namespace dpml::tools
