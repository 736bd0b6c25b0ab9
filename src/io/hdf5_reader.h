#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dpml/tensor/tensor.h"
#include "hdf5_handle.h"

namespace dpml::hdf5 {

/// A dataset of simple shape, open for reading.
struct Dataset {
  Handle id;
  Handle type;
  Shape shape;
  std::string place;  ///< "inputs" or "/weights/fc1.bias", for messages
};

/// One group of an HDF5 file that is open for reading. Names may be paths ("train/inputs"). Everything that can go
/// wrong is a FileError that begins with the file's path. The file is closed with its last Reader.
class Reader {
 public:
  /// The root group. `expected` is what the message says was hoped for: "a dpml model file".
  static Reader open(const std::filesystem::path& path, const std::string& expected);

  bool has(const std::string& name) const;
  /// Members of this group: in the order they were made where the file keeps it, else sorted.
  std::vector<std::string> names() const;
  Reader group(const std::string& name) const;

  /// Checks that such a dataset exists and that its size is believable, before anyone allocates for it.
  Dataset dataset(const std::string& name) const;
  void require_numbers(const Dataset& dataset) const;

  /// Any numeric type, converted to float32.
  Tensor floats(const std::string& name) const;

  hid_t id() const { return group_.get(); }
  /// Throws FileError "<path>: <what>".
  [[noreturn]] void fail(const std::string& what) const;

 private:
  Reader(std::shared_ptr<const Handle> file, Handle group, std::string path, std::string place)
      : file_(std::move(file)), group_(std::move(group)), path_(std::move(path)), place_(std::move(place)) {}

  std::shared_ptr<const Handle> file_;  // before group_: closed after it
  Handle group_;
  std::string path_;   // of the file
  std::string place_;  // of the group in it, ending in "/"
};

/// The `count` strings, of fixed or variable length, that `read(memory type, buffer)` delivers; nothing when it fails.
std::optional<std::vector<std::string>> read_strings(hid_t type, std::size_t count,
                                                     const std::function<herr_t(hid_t, void*)>& read);

}  // namespace dpml::hdf5
