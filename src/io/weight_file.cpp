#include "weight_file.h"

#include <array>
#include <fstream>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/onnx/initialisers.h"
#include "safetensors.h"

namespace dpml {

namespace {

constexpr std::string_view kZip = "PK\3\4";
constexpr std::string_view kEmptyZip = "PK\5\6";

}  // namespace

WeightFile::Description describe_array(std::span<const std::uint64_t> axes, FloatFormat format, std::uint64_t bytes) {
  std::vector<Index> signed_axes;
  for (const std::uint64_t axis : axes) signed_axes.push_back(static_cast<Index>(axis));  // too large: negative
  try {
    const Shape shape{std::span<const Index>(signed_axes)};
    const std::uint64_t width = bytes_of(format);
    if (bytes % width == 0 && bytes / width == static_cast<std::uint64_t>(shape.size())) return {shape, ""};
    return {shape, "is " + shape.to_text() + ", but has " + counted(bytes, "byte") + " in the file; it is damaged"};
  } catch (const ShapeError& error) {
    return {{}, std::string("has an impossible shape: ") + error.what()};
  }
}

WeightFormat weight_format_of(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return WeightFormat::hdf5;  // whose reader says what it is
  std::array<char, kSafetensorsStart> bytes{};
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), bytes.size());
  const std::string_view beginning(bytes.data(), static_cast<std::size_t>(file.gcount()));
  if (beginning.starts_with(kZip) || beginning.starts_with(kEmptyZip)) return WeightFormat::npz;
  if (may_be_safetensors(beginning)) return WeightFormat::safetensors;
  if (onnx::may_be_onnx(beginning)) return WeightFormat::onnx;
  return WeightFormat::hdf5;
}

}  // namespace dpml
