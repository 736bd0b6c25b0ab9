#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dpml/tensor/float_formats.h"
#include "dpml/tensor/tensor.h"

namespace dpml {

/// Arrays by name in a file of some format, open for reading. Everything that is wrong with the file as a whole is a
/// FileError that begins with its path; what is wrong with one array matters only to those who want it.
class WeightFile {
 public:
  struct Description {
    Shape shape;
    std::string problem;  ///< why it cannot be used, "" when it can: "holds whole numbers"
  };

  virtual ~WeightFile() = default;
  WeightFile() = default;
  WeightFile(const WeightFile&) = delete;
  WeightFile& operator=(const WeightFile&) = delete;

  virtual const std::vector<std::string>& names() const = 0;
  virtual Description describe(std::size_t i) = 0;
  /// Of one without a problem.
  virtual Tensor floats(std::size_t i) = 0;
  /// Where they lie, for messages: "the file".
  virtual std::string place() const { return "the file"; }
};

/// Of an array whose file states these axes and has so many bytes for its numbers; a problem when they do not agree.
WeightFile::Description describe_array(std::span<const std::uint64_t> axes, FloatFormat format, std::uint64_t bytes);

/// How many wanted weights such names mean.
using CountWanted = std::function<std::size_t(std::span<const std::string> names)>;

std::unique_ptr<WeightFile> open_safetensors(const std::filesystem::path& path);
std::unique_ptr<WeightFile> open_npz(const std::filesystem::path& path);
std::unique_ptr<WeightFile> open_onnx(const std::filesystem::path& path);
/// The group of an HDF5 file that has most of the wanted weights, groups inside it included.
std::unique_ptr<WeightFile> open_hdf5_weights(const std::filesystem::path& path, const CountWanted& count);

enum class WeightFormat { hdf5, safetensors, npz, onnx };
/// By the first bytes; HDF5 for what is none of the others, also for what is no file.
WeightFormat weight_format_of(const std::filesystem::path& path);

}  // namespace dpml
