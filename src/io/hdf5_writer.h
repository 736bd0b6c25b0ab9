#pragma once

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dpml/tensor/tensor.h"
#include "hdf5_handle.h"

namespace dpml::hdf5 {

/// One group of a file under construction. Members keep the order in which they were written.
///
/// Text is UTF-8 of fixed length, filled up with zero bytes: text of variable length would lie in a heap of the file
/// that has no checksum. It must not contain a zero byte. Numbers are little-endian on every machine.
class GroupWriter {
 public:
  explicit GroupWriter(Handle group) : group_(std::move(group)) {}

  GroupWriter group(const std::string& name) const;
  void floats(const std::string& name, const Tensor& values) const;
  void counts(const std::string& name, std::span<const std::uint64_t> values) const;
  void texts(const std::string& name, std::span<const std::string> values) const;
  void text(const std::string& name, const std::string& value) const;

  void text_attribute(const std::string& name, const std::string& value) const;
  void number_attribute(const std::string& name, double value) const;
  void count_attribute(const std::string& name, std::uint64_t value) const;

 private:
  Handle group_;
};

/// The bytes of a finished HDF5 file.
class FileImage {
 public:
  FileImage(char* memory, std::size_t size) : memory_(memory), size_(size) {}  ///< owns `memory`, which malloc made
  std::string_view bytes() const { return {memory_.get(), size_}; }

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };
  std::unique_ptr<char, Free> memory_;
  std::size_t size_;
};

/// An HDF5 file with what `fill` writes into its root group. Same content, same bytes: no time stamps. All metadata
/// carries checksums (the layout that HDF5 1.8 introduced), so that a damaged file is recognised when it is read.
///
/// The file is made in memory, because HDF5 cannot be stopped cleanly in the middle of a write to a full disk.
FileImage make_file(const std::function<void(const GroupWriter&)>& fill);

}  // namespace dpml::hdf5
