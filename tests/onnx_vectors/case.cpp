#include "onnx_vectors/case.h"

#include <algorithm>
#include <cstring>

#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "dpml/onnx.pb.h"

namespace dpml::onnx_vectors {

namespace {

using onnx_schema::TensorProto;

// TensorProto.DataType and AttributeProto.AttributeType of the specification.
constexpr int kFloat = 1;
constexpr int kInt32 = 6;
constexpr int kInt64 = 7;
constexpr int kFloatAttribute = 1;
constexpr int kIntAttribute = 2;
constexpr int kStringAttribute = 3;
constexpr int kIntsAttribute = 7;
constexpr int kStringsAttribute = 8;

template <class Message>
Message parsed(const std::filesystem::path& file) {
  Message message;
  if (!message.ParseFromString(read_file(file))) throw FileError(file.string() + ": cannot be read");
  return message;
}

template <class Number, class Field>
void copy(const std::string& raw, const Field& typed, std::span<float> to) {
  std::vector<Number> numbers(typed.begin(), typed.end());
  if (!raw.empty()) {
    numbers.resize(raw.size() / sizeof(Number));
    std::memcpy(numbers.data(), raw.data(), raw.size());
  }
  if (numbers.size() != to.size()) throw FileError("a tensor has more or fewer numbers than its shape");
  std::transform(numbers.begin(), numbers.end(), to.begin(), [](Number number) { return static_cast<float>(number); });
}

/// std::nullopt for numbers of another type.
std::optional<Tensor> tensor_of(const TensorProto& proto) {
  Tensor tensor(Shape(std::span<const Index>(proto.dims().data(), static_cast<std::size_t>(proto.dims_size()))));
  switch (proto.data_type()) {
    case kFloat:
      copy<float>(proto.raw_data(), proto.float_data(), tensor.mutable_values());
      return tensor;
    case kInt32:
      copy<std::int32_t>(proto.raw_data(), proto.int32_data(), tensor.mutable_values());
      return tensor;
    case kInt64:
      copy<std::int64_t>(proto.raw_data(), proto.int64_data(), tensor.mutable_values());
      return tensor;
    default:
      return std::nullopt;
  }
}

/// Values of the graph by name: its constants, and what the files of its inputs or outputs hold.
std::map<std::string, TensorProto> values_of(const onnx_schema::GraphProto& graph,
                                             const std::filesystem::path& folder) {
  std::map<std::string, TensorProto> values;
  for (const TensorProto& constant : graph.initializer()) values[constant.name()] = constant;
  const auto read = [&](const auto& names, const std::string& kind) {
    int file = 0;
    for (const auto& info : names) {
      if (values.contains(info.name())) continue;
      const auto path = folder / "test_data_set_0" / (kind + "_" + std::to_string(file++) + ".pb");
      values[info.name()] = parsed<TensorProto>(path);
    }
  };
  read(graph.input(), "input");
  read(graph.output(), "output");
  return values;
}

}  // namespace

std::string Case::operator_of(const std::filesystem::path& folder) {
  const auto model = parsed<onnx_schema::ModelProto>(folder / "model.onnx");
  return model.graph().node_size() == 1 ? model.graph().node(0).op_type() : "";
}

Case::Case(const std::filesystem::path& folder) : name(folder.filename().string()) {
  const auto model = parsed<onnx_schema::ModelProto>(folder / "model.onnx");
  const onnx_schema::NodeProto& node = model.graph().node(0);
  op = node.op_type();
  for (const auto& imported : model.opset_import()) {
    if (imported.domain().empty()) opset = imported.version();
  }
  const auto values = values_of(model.graph(), folder);
  for (const std::string& name : node.input()) {
    inputs_.emplace_back();
    if (name.empty()) continue;
    if (const auto tensor = tensor_of(values.at(name))) {
      inputs_.back() = *tensor;
    } else {
      inputs_.back() = OtherType{};
    }
  }
  for (const std::string& name : node.output()) {
    const auto value = values.find(name);
    outputs.push_back(value == values.end() ? std::nullopt : tensor_of(value->second));
  }
  for (const auto& attribute : node.attribute()) {
    auto& to = attributes_[attribute.name()];
    switch (attribute.type()) {
      case kFloatAttribute:
        to = attribute.f();
        break;
      case kIntAttribute:
        to = attribute.i();
        break;
      case kStringAttribute:
        to = attribute.s();
        break;
      case kIntsAttribute:
        to = Numbers(attribute.ints().begin(), attribute.ints().end());
        break;
      case kStringsAttribute:
        to = std::vector<std::string>(attribute.strings().begin(), attribute.strings().end());
        break;
      default:
        attributes_.erase(attribute.name());  // none of an operator that is compared
    }
  }
}

const Tensor& Case::input(std::size_t i) const {
  if (!has_input(i)) throw FileError(name + ": input " + std::to_string(i) + " is missing");
  if (const auto* tensor = std::get_if<Tensor>(&inputs_[i])) return *tensor;
  throw LeftOut{"numbers of a type that is not float32"};
}

Numbers Case::numbers(std::size_t i) const {
  const std::span<const float> values = input(i).values();
  return {values.begin(), values.end()};
}

std::int64_t Case::whole(const std::string& attribute, std::int64_t missing) const {
  return has(attribute) ? std::get<std::int64_t>(attributes_.at(attribute)) : missing;
}

float Case::number(const std::string& attribute, float missing) const {
  return has(attribute) ? std::get<float>(attributes_.at(attribute)) : missing;
}

std::string Case::text(const std::string& attribute, const std::string& missing) const {
  return has(attribute) ? std::get<std::string>(attributes_.at(attribute)) : missing;
}

Numbers Case::wholes(const std::string& attribute, const Numbers& missing) const {
  return has(attribute) ? std::get<Numbers>(attributes_.at(attribute)) : missing;
}

std::vector<std::string> Case::texts(const std::string& attribute) const {
  if (!has(attribute)) return {};
  return std::get<std::vector<std::string>>(attributes_.at(attribute));
}

}  // namespace dpml::onnx_vectors
