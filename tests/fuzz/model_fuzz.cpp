// Any bytes as a model file, in two ways. As they are: read, listed, or refused with a dpml::Error. And as a file with
// what a child process told of it behind it, which may be anything, because a crafted file may take that process over:
//
//   the file; the scan (record_scan.h); the length of the scan, 8 bytes
//
// A model that is read is written back to the same bytes.

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "dpml/io/arrays.h"
#include "dpml/io/checkpoint.h"
#include "dpml/io/model_file.h"
#include "record_scan.h"
#include "record_tree.h"
#include "stored_model.h"

namespace {

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// The scan at the end of the bytes; "" when there is none.
std::string_view scan_in(std::string_view bytes) {
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length) return "";
  bytes.remove_suffix(sizeof length);
  std::memcpy(&length, bytes.data() + bytes.size(), sizeof length);
  return length > bytes.size() ? "" : bytes.substr(bytes.size() - length);
}

template <class Read>
void read_or_refuse(const Read& read) {
  try {
    read();
  } catch (const dpml::InternalError&) {
    std::abort();
  } catch (const dpml::Error&) {  // refused
  }
}

}  // namespace

/// dpml's model files become seeds: model_fuzz MODEL SEED writes one.
extern "C" int LLVMFuzzerInitialize(int* count, char*** words) {
  if (*count != 4 || std::string_view((*words)[1]) != "--seed") return 0;
  const std::string file = dpml::read_file((*words)[2]);
  const std::string scan = dpml::hdf5::scan_record((*words)[2], file.size());
  const std::uint64_t length = scan.size();
  write_file((*words)[3], file + scan + std::string(reinterpret_cast<const char*>(&length), sizeof length));
  std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("dpml_model_fuzz_" + std::to_string(::getpid()));
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  write_file(path, bytes);
  const std::string_view scan = scan_in(bytes);
  read_or_refuse([&] {
    dpml::hdf5::RecordTree tree(path, scan);
    dpml::stored_model_in(tree);
  });
  // Each of these starts a process: only for what looks like HDF5, and only now and then.
  static unsigned turn = 0;
  if (bytes.substr(1, 3) == "HDF" && ++turn % 16 == 0) {
    read_or_refuse([&] {
      const dpml::StoredModel stored = dpml::read_stored_model(path);
      if (!dpml::verify_digests(stored).empty()) return;
      dpml::write_model_file(path, stored.model);
      if (dpml::read_file(path) != bytes) std::abort();
    });
    read_or_refuse([&] { dpml::read_checkpoint(path); });
    read_or_refuse([&] { dpml::hdf5_tree(path); });
  }
  return 0;
}
