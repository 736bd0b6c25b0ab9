#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace dpml {

/// What read_file takes unless it is told otherwise: beyond it no file that is read whole makes sense.
inline constexpr std::uint64_t kLargestWholeFile = std::uint64_t{256} << 20;

/// The whole file as bytes. It must be a regular file (a device may never end, a pipe may never begin) of at most
/// `most_bytes`, which is looked at before any memory is taken. Throws FileError naming the path and the reason.
std::string read_file(const std::filesystem::path& path, std::uint64_t most_bytes = kLargestWholeFile);

/// Replaces `path` in one step: `write` fills a temporary file in the same folder, which is then flushed to the disk
/// and renamed. Either the old content or the whole new one is there, also after a crash or a full disk. When
/// `write` throws, the temporary file is removed and the error goes on. Throws FileError when the disk refuses, and
/// when `path` is empty, a folder, a device or a pipe.
void replace_file(const std::filesystem::path& path, const std::function<void(const std::filesystem::path&)>& write);

/// Removes the temporary files of replace_file that killed processes left beside `path`. The caller knows that nobody
/// is replacing it now.
void remove_leftovers(const std::filesystem::path& path);

/// replace_file with the bytes at hand. In a folder that is closed to others (make_private_folder) the file is closed
/// to them, too, from the moment it exists: it never has a right to read or write that its folder does not give.
void replace_file(const std::filesystem::path& path, std::string_view bytes);

/// Makes a folder, and those above it, that nobody but its owner can enter or list (0700), or takes these rights away
/// from one that is there. Files in it lose what others may do with them (0600). False when others had any rights, here
/// or on a file. Throws FileError when it cannot be made or closed.
bool make_private_folder(const std::filesystem::path& folder);

/// An empty file with the rights 0600, or takes those of others away from one that is there.
void make_private_file(const std::filesystem::path& path);

}  // namespace dpml
