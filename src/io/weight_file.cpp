#include "weight_file.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>

#include "dpml/onnx/initialisers.h"
#include "safetensors.h"

namespace dpml {

namespace {

constexpr std::string_view kZip = "PK\3\4";
constexpr std::string_view kEmptyZip = "PK\5\6";

}  // namespace

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
