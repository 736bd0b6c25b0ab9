#include "dpml/base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "dpml/base/error.h"

namespace dpml {

namespace {

constexpr const char* kTemporary = ".tmp-";  // then the number of the process

/// Waits until the file or folder is on the disk.
void flush_to_disk(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY);
  if (file < 0) throw FileError(path.string() + ": cannot be opened: " + std::strerror(errno));
  const int result = ::fsync(file);
  const int reason = errno;
  ::close(file);
  if (result != 0) throw FileError(path.string() + ": cannot be flushed to the disk: " + std::strerror(reason));
}

/// A rename would put a file in the place of a device or a pipe, for everybody who uses it.
void refuse_what_is_no_file(const std::filesystem::path& path) {
  if (path.empty()) throw FileError("a file to write has no name; state one");
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(path, ignored);
  if (!std::filesystem::exists(status) || std::filesystem::is_regular_file(status)) return;
  throw FileError(path.string() + ": cannot be replaced: it is a " +
                  (std::filesystem::is_directory(status) ? "folder" : "device or a pipe"));
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) throw FileError(path.string() + ": expected a file, found a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw FileError(path.string() + ": cannot be opened: " + std::strerror(errno));
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (file.bad()) throw FileError(path.string() + ": cannot be read: " + std::strerror(errno));
  return std::move(bytes).str();
}

void replace_file(const std::filesystem::path& path, const std::function<void(const std::filesystem::path&)>& write) {
  refuse_what_is_no_file(path);
  std::filesystem::path temporary = path;
  temporary += kTemporary + std::to_string(::getpid());
  try {
    write(temporary);
    flush_to_disk(temporary);
    std::filesystem::rename(temporary, path);
  } catch (const std::filesystem::filesystem_error& error) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw FileError(path.string() + ": cannot be replaced: " + error.code().message());
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
  flush_to_disk(path.has_parent_path() ? path.parent_path() : std::filesystem::path("."));
}

void remove_leftovers(const std::filesystem::path& path) {
  const std::string prefix = path.filename().string() + kTemporary;
  std::error_code ignored;
  std::vector<std::filesystem::path> leftovers;
  for (const auto& entry : std::filesystem::directory_iterator(path.parent_path(), ignored)) {
    if (entry.path().filename().string().starts_with(prefix)) leftovers.push_back(entry.path());
  }
  for (const std::filesystem::path& leftover : leftovers) std::filesystem::remove(leftover, ignored);
}

void replace_file(const std::filesystem::path& path, std::string_view bytes) {
  replace_file(path, [&](const std::filesystem::path& temporary) {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) throw FileError(path.string() + ": cannot be written: " + std::strerror(errno));
  });
}

}  // namespace dpml
