#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace dpml {

/// A data file, read once from front to back. Gzip is recognised by its first two bytes and unpacked on the way, with
/// its checksums verified; no more than a small buffer is held.
class FileContent {
 public:
  /// Throws FileError when there is no such file (with a guess what was meant), or it is a folder, empty or unreadable.
  explicit FileContent(const std::filesystem::path& path);
  ~FileContent();
  FileContent(const FileContent&) = delete;
  FileContent& operator=(const FileContent&) = delete;

  bool is_packed() const { return unpacker_ != nullptr; }
  /// No more bytes than this can still come. Exact when not packed, else what the format could pack into the file at
  /// most.
  std::uint64_t most_left() const;

  /// Reads up to into.size() bytes; fewer only at the end. Throws FileError when the gzip data is damaged or cut off.
  std::size_t read_some(std::span<std::uint8_t> into);
  /// Reads exactly into.size() bytes, or throws FileError saying that the file ends inside `what`.
  void read(std::span<std::uint8_t> into, std::string_view what);
  /// Throws FileError when bytes are left, or the gzip data does not end well.
  void expect_end();

  /// Throws FileError "<path>: <problem>".
  [[noreturn]] void fail(const std::string& problem) const;

 private:
  struct Unpacker;

  std::size_t read_plain(std::span<std::uint8_t> into);
  std::size_t unpack(std::span<std::uint8_t> into);
  bool refill();  ///< false at the end of the file

  std::filesystem::path path_;
  std::ifstream file_;
  std::uint64_t size_ = 0;
  std::uint64_t position_ = 0;
  std::unique_ptr<Unpacker> unpacker_;
};

}  // namespace dpml
