#include "dpml/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "dpml/base/error.h"
#include "dpml/base/text.h"

namespace dpml {

namespace {

/// An open file of the operating system.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags, mode_t mode = 0)
      : file_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~Descriptor() {
    if (file_ >= 0) ::close(file_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  bool is_open() const { return file_ >= 0; }
  int get() const { return file_; }
  /// Network disks may tell only now that they could not write.
  bool close() { return ::close(std::exchange(file_, -1)) == 0; }

 private:
  int file_;
};

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what, int reason) {
  throw FileError(path.string() + ": " + what + ": " + std::strerror(reason));
}

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

std::string read_file(const std::filesystem::path& path, std::uint64_t most_bytes) {
  if (std::filesystem::is_directory(path)) throw FileError(path.string() + ": expected a file, found a folder");
  const Descriptor file(path, O_RDONLY | O_NONBLOCK);  // opening a pipe must not wait for somebody who writes to it
  if (!file.is_open()) fail(path, "cannot be opened", errno);
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) fail(path, "cannot be opened", errno);
  if (!S_ISREG(about.st_mode)) throw FileError(path.string() + ": expected a file, found a device or a pipe");
  const auto refuse_size = [&] {
    throw FileError(path.string() + ": is longer than " + format_bytes(most_bytes) + ", the most that is read here");
  };
  if (static_cast<std::uint64_t>(about.st_size) > most_bytes) refuse_size();

  constexpr std::size_t kPiece = std::size_t{1} << 16;
  std::string bytes(std::max<std::size_t>(static_cast<std::size_t>(about.st_size), kPiece), '\0');
  std::size_t size = 0;
  while (true) {
    if (size == bytes.size()) bytes.resize(size + kPiece);
    const ssize_t count = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path, "cannot be read", errno);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
    if (size > most_bytes) refuse_size();  // it grew, or lied about its size
  }
  bytes.resize(size);
  return bytes;
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
    struct stat folder {};
    const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    const mode_t rights = ::stat(parent.c_str(), &folder) == 0 ? folder.st_mode & 0666U : 0600U;
    ::unlink(temporary.c_str());
    Descriptor file(temporary, O_WRONLY | O_CREAT | O_EXCL, rights | 0600U);
    if (!file.is_open()) fail(path, "cannot be written", errno);
    while (!bytes.empty()) {
      const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail(path, "cannot be written", errno);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    if (!file.close()) fail(path, "cannot be written", errno);
  });
}

namespace {

constexpr mode_t kRightsOfOthers = 0077;

/// True when there was nothing to take away.
bool take_rights_of_others(const std::filesystem::path& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) fail(path, "its rights cannot be read", errno);
  if ((about.st_mode & kRightsOfOthers) == 0) return true;
  if (::chmod(path.c_str(), about.st_mode & 0700U) == 0) return false;
  fail(path, "others may read it, and that cannot be changed", errno);
}

}  // namespace

bool make_private_folder(const std::filesystem::path& folder) {
  std::error_code error;
  for (std::filesystem::path above = folder; !above.empty(); above = above.parent_path()) {
    const std::filesystem::file_status status = std::filesystem::status(above, error);
    if (std::filesystem::exists(status) && !std::filesystem::is_directory(status)) {
      throw FileError(folder.string() + ": the folder cannot be made: " + above.string() + " is a file, not a folder");
    }
    if (above == above.parent_path()) break;
  }
  error.clear();
  if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
  if (error) throw FileError(folder.string() + ": the folder cannot be made: " + error.message());
  if (::mkdir(folder.c_str(), 0700) == 0) return true;
  if (errno != EEXIST || !std::filesystem::is_directory(folder)) fail(folder, "the folder cannot be made", errno);
  bool was_private = take_rights_of_others(folder);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file() && !entry.is_symlink()) was_private &= take_rights_of_others(entry.path());
  }
  return was_private;
}

void make_private_file(const std::filesystem::path& path) {
  const Descriptor file(path, O_WRONLY | O_CREAT, 0600);
  if (!file.is_open()) fail(path, "cannot be written", errno);
  take_rights_of_others(path);
}

}  // namespace dpml
