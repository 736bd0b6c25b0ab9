#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

// What the child process that reads a file of dpml tells its parent: names, types and places, one after another. The
// numbers themselves the parent reads from the file.
//
//   group      attributes: count, then each; members: count, then each
//   attribute  name, kind, value: text 't' (with its padding), count 'c' or number 'n'
//   member     name, kind: group 'g' and the group; or dataset 't' one text, 'T' texts, 'c' counts, 'f' floats,
//              and the number of axes, each axis, bytes of an element, place in the file, bytes in the file
//   text       its length, its bytes
//
// Counts are 8 bytes, kinds one.

namespace dpml::hdf5 {

class ScanWriter {
 public:
  void kind(char value) { bytes_ += value; }
  void count(std::uint64_t value) { append(&value, sizeof value); }
  void number(double value) { append(&value, sizeof value); }
  void text(std::string_view value) {
    count(value.size());
    bytes_ += value;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void append(const void* from, std::size_t size) { bytes_.append(static_cast<const char*>(from), size); }
  std::string bytes_;
};

/// For the child: the scan of the file, in the form above. Throws NotAsWritten and FileError, which begin with the
/// path.
std::string scan_record(const std::filesystem::path& path, std::uint64_t file_bytes);

}  // namespace dpml::hdf5
