#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace dpml {

/// The whole file as bytes. Throws FileError naming the path and the reason.
std::string read_file(const std::filesystem::path& path);

/// Replaces `path` in one step: `write` fills a temporary file in the same folder, which is then flushed to the disk
/// and renamed. Either the old content or the whole new one is there, also after a crash or a full disk. When
/// `write` throws, the temporary file is removed and the error goes on. Throws FileError when the disk refuses, and
/// when `path` is empty, a folder, a device or a pipe.
void replace_file(const std::filesystem::path& path, const std::function<void(const std::filesystem::path&)>& write);

/// Removes the temporary files of replace_file that killed processes left beside `path`. The caller knows that nobody
/// is replacing it now.
void remove_leftovers(const std::filesystem::path& path);

/// replace_file with the bytes at hand.
void replace_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace dpml
