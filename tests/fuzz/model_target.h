#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "dpml/io/arrays.h"
#include "dpml/io/checkpoint.h"
#include "dpml/io/model_file.h"
#include "fuzz/fuzz_file.h"
#include "record_scan.h"
#include "record_tree.h"
#include "stored_model.h"

// What any bytes must keep to when they are read as a model file: abort when they do not. For the fuzzer, and for the
// test that gives its corpus to every build.

namespace dpml::fuzz {

/// A file with what a child process told of it behind it, which may be anything, because a crafted file may take that
/// process over: the file, the scan (record_scan.h), the length of the scan in 8 bytes.
inline std::string with_scan(const std::filesystem::path& model) {
  const std::string file = read_file(model);
  const std::string scan = hdf5::scan_record(model, file.size());
  const std::uint64_t length = scan.size();
  return file + scan + std::string(reinterpret_cast<const char*>(&length), sizeof length);
}

struct FileAndScan {
  std::string_view file;
  std::string_view scan;
};

/// What with_scan put together; all is the file when no scan is behind it.
inline FileAndScan parted(std::string_view bytes) {
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length) return {bytes, ""};
  std::memcpy(&length, bytes.data() + bytes.size() - sizeof length, sizeof length);
  if (length > bytes.size() - sizeof length) return {bytes, ""};
  bytes.remove_suffix(sizeof length);
  return {bytes.substr(0, bytes.size() - length), bytes.substr(bytes.size() - length)};
}

/// Is one, by this reader; else it was refused in a way that blames the file.
template <class Read>
bool read_or_refuse_file(const Read& read) {
  try {
    read();
    return true;
  } catch (const InternalError&) {
    std::abort();
  } catch (const Error&) {  // refused
    return false;
  }
}

/// With a scan that is told behind it: read, or refused. True when it is a model.
inline bool read_scanned_model_bytes(const std::uint8_t* data, std::size_t size) {
  const FileAndScan parts = parted({reinterpret_cast<const char*>(data), size});
  const std::filesystem::path& path = file_of(data, parts.file.size());
  return read_or_refuse_file([&] {
    hdf5::RecordTree tree(path, parts.scan);
    stored_model_in(tree);
  });
}

/// As it is: a model that is written back to the same bytes, a checkpoint, listed, or refused. True when it is a model.
inline bool read_model_bytes(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path& path = file_of(data, size);
  read_or_refuse_file([&] { read_checkpoint(path); });
  read_or_refuse_file([&] { hdf5_tree(path); });
  return read_or_refuse_file([&] {
    const StoredModel stored = read_stored_model(path);
    if (!verify_digests(stored).empty()) return;
    write_model_file(path, stored.model);
    check(read_file(path) == std::string_view(reinterpret_cast<const char*>(data), size));
  });
}

}  // namespace dpml::fuzz
