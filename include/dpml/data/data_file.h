#pragma once

#include <filesystem>

namespace dpml {

/// Throws FileError, as the readers do, when there is no such file (with a guess what was meant), or it is a folder,
/// empty, no regular file, or may not be read. What it holds is not looked at.
void require_readable(const std::filesystem::path& path);

}  // namespace dpml
