#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
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

/// The bytes of an HDF5 file that holds what `fill` writes into its root group. Same content, same bytes: no time
/// stamps. All metadata carries checksums (format of HDF5 1.10), so that a damaged file is recognised when it is read.
///
/// The file is made in memory, because HDF5 cannot be stopped cleanly in the middle of a write to a full disk.
std::string file_image(const std::function<void(const GroupWriter&)>& fill);

}  // namespace dpml::hdf5
