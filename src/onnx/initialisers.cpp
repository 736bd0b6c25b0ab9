#include "dpml/onnx/initialisers.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "dpml/base/error.h"
#include "dpml/onnx.pb.h"
#include "dpml/tensor/float_formats.h"
#include "element_types.h"

namespace dpml::onnx {

namespace {

using onnx_schema::TensorProto;

constexpr int kExternal = 1;

std::optional<FloatFormat> format_of(int data_type) {
  switch (data_type) {
    case kFloat:
      return FloatFormat::float32;
    case kFloat16:
      return FloatFormat::float16;
    case kDouble:
      return FloatFormat::float64;
    case kBfloat16:
      return FloatFormat::bfloat16;
    default:
      return std::nullopt;
  }
}

/// Numbers that stand in the field of their type.
std::int64_t typed_count(const TensorProto& tensor, FloatFormat format) {
  switch (format) {
    case FloatFormat::float32:
      return tensor.float_data_size();
    case FloatFormat::float64:
      return tensor.double_data_size();
    case FloatFormat::float16:
    case FloatFormat::bfloat16:
      return tensor.int32_data_size();
  }
  throw InternalError("FloatFormat: not one of the enumerated values");
}

/// An int32 with the 16 bits of a number.
float from_bits(FloatFormat format, std::int32_t bits) {
  const auto low = static_cast<std::uint32_t>(bits);
  const std::array<std::uint8_t, 2> bytes{static_cast<std::uint8_t>(low & 255U),
                                          static_cast<std::uint8_t>(low >> 8U & 255U)};
  float number = 0;
  to_float32(format, std::endian::little, bytes, {&number, 1});
  return number;
}

}  // namespace

struct Initialisers::Model {
  onnx_schema::ModelProto proto;

  const TensorProto& tensor(std::size_t i) const { return proto.graph().initializer(static_cast<int>(i)); }
};

Initialisers::Initialisers(std::string_view file) : model_(std::make_unique<Model>()) {
  constexpr std::size_t kMostBytes = std::numeric_limits<std::int32_t>::max();  // that protobuf counts
  if (file.size() > kMostBytes) throw FileError("is longer than the 2 GiB that an ONNX file can have");
  if (!model_->proto.ParseFromArray(file.data(), static_cast<int>(file.size())) || !model_->proto.has_graph()) {
    throw FileError("is no ONNX model, or a damaged one");
  }
  for (const TensorProto& tensor : model_->proto.graph().initializer()) names_.push_back(tensor.name());
}

Initialisers::~Initialisers() = default;

std::string Initialisers::problem_of(std::size_t i) const {
  const TensorProto& tensor = model_->tensor(i);
  const std::optional<FloatFormat> format = format_of(tensor.data_type());
  if (!format) return "does not hold numbers of 16, 32 or 64 bits with a point";
  if (tensor.data_location() == kExternal) return "keeps its numbers in another file, which is not followed";
  Shape shape;
  try {
    shape = Shape(std::span<const Index>(tensor.dims().data(), static_cast<std::size_t>(tensor.dims_size())));
  } catch (const ShapeError& error) {
    return std::string("has an impossible shape: ") + error.what();
  }
  const auto raw = static_cast<Index>(tensor.raw_data().size());
  const auto width = static_cast<Index>(bytes_of(*format));
  const std::int64_t typed = typed_count(tensor, *format);
  const bool fits = raw > 0 ? typed == 0 && raw % width == 0 && raw / width == shape.size() : typed == shape.size();
  return fits ? "" : "is " + shape.to_text() + ", but the file holds more or fewer numbers for it; it is damaged";
}

Shape Initialisers::shape_of(std::size_t i) const {
  const auto& dims = model_->tensor(i).dims();
  return Shape(std::span<const Index>(dims.data(), static_cast<std::size_t>(dims.size())));
}

Tensor Initialisers::floats(std::size_t i) const {
  DPML_ASSERT(problem_of(i).empty());
  const TensorProto& proto = model_->tensor(i);
  const FloatFormat format = *format_of(proto.data_type());
  Tensor tensor(shape_of(i));
  const std::span<float> into = tensor.mutable_values();
  const std::string& raw = proto.raw_data();
  if (!raw.empty()) {
    to_float32(format, std::endian::little, {reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size()}, into);
  } else if (format == FloatFormat::float32) {
    std::copy(proto.float_data().begin(), proto.float_data().end(), into.begin());
  } else if (format == FloatFormat::float64) {
    std::transform(proto.double_data().begin(), proto.double_data().end(), into.begin(),
                   [](double number) { return static_cast<float>(number); });
  } else {
    std::transform(proto.int32_data().begin(), proto.int32_data().end(), into.begin(),
                   [&](std::int32_t bits) { return from_bits(format, bits); });
  }
  return tensor;
}

bool may_be_onnx(std::string_view beginning) {
  constexpr char kIrVersion = 0x08;     // field 1, a number
  constexpr char kNewestVersion = 100;  // it was 12 in 2025
  return beginning.size() > 2 && beginning[0] == kIrVersion && beginning[1] > 0 && beginning[1] < kNewestVersion;
}

}  // namespace dpml::onnx
