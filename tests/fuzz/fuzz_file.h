#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace dpml::fuzz {

/// A file in memory, where the system has a place for such, that is gone with the program.
class FuzzFile {
 public:
  FuzzFile()
      : path_((std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path()) /
              ("dpml_fuzz_" + std::to_string(::getpid()))) {}
  ~FuzzFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  FuzzFile(const FuzzFile&) = delete;
  FuzzFile& operator=(const FuzzFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The bytes as a file, the same one every time.
inline const std::filesystem::path& file_of(const std::uint8_t* data, std::size_t size) {
  static const FuzzFile file;
  std::ofstream stream(file.path(), std::ios::binary | std::ios::trunc);
  stream.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  return file.path();
}

inline void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace dpml::fuzz
