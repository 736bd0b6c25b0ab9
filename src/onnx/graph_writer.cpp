#include "dpml/onnx/graph_writer.h"

#include <bit>
#include <limits>

#include "dpml/base/cases.h"
#include "dpml/base/error.h"
#include "dpml/onnx.pb.h"
#include "element_types.h"

namespace dpml::onnx {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

namespace {

// AttributeProto.AttributeType of the specification.
constexpr int kFloatAttribute = 1;
constexpr int kIntAttribute = 2;
constexpr int kStringAttribute = 3;
constexpr int kIntsAttribute = 7;
constexpr int kStringsAttribute = 8;

constexpr int kIrVersion = 8;  // the one that came with opset 17

void describe(const std::string& name, const Shape& sample, onnx_schema::ValueInfoProto& info) {
  info.set_name(name);
  onnx_schema::TensorTypeProto& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(kFloat);
  type.mutable_shape()->add_dim()->set_dim_param("N");
  for (const Index axis : sample.axes()) type.mutable_shape()->add_dim()->set_dim_value(axis);
}

void fill(const Attribute& attribute, onnx_schema::AttributeProto& proto) {
  proto.set_name(attribute.name);
  std::visit(Cases{[&](std::int64_t value) {
                     proto.set_type(kIntAttribute);
                     proto.set_i(value);
                   },
                   [&](float value) {
                     proto.set_type(kFloatAttribute);
                     proto.set_f(value);
                   },
                   [&](const std::string& value) {
                     proto.set_type(kStringAttribute);
                     proto.set_s(value);
                   },
                   [&](const std::vector<std::int64_t>& values) {
                     proto.set_type(kIntsAttribute);
                     proto.mutable_ints()->Add(values.begin(), values.end());
                   },
                   [&](const std::vector<std::string>& values) {
                     proto.set_type(kStringsAttribute);
                     proto.mutable_strings()->Add(values.begin(), values.end());
                   }},
             attribute.value);
}

}  // namespace

struct GraphWriter::Model {
  onnx_schema::ModelProto proto;

  onnx_schema::GraphProto& graph() { return *proto.mutable_graph(); }
};

GraphWriter::GraphWriter() : model_(std::make_unique<Model>()) {
  model_->proto.set_ir_version(kIrVersion);
  model_->proto.set_producer_name("dpml");
  model_->proto.add_opset_import()->set_version(kOpset);
  model_->graph().set_name("model");
}

GraphWriter::~GraphWriter() = default;

void GraphWriter::input(const std::string& name, const Shape& sample) {
  describe(name, sample, *model_->graph().add_input());
}

void GraphWriter::output(const std::string& name, const Shape& sample) {
  describe(name, sample, *model_->graph().add_output());
}

std::string GraphWriter::new_name(const std::string& what) {
  return "/" + what + "_" + std::to_string(names_++);  // no weight's name begins so
}

std::string GraphWriter::constant(const std::string& name, const Tensor& value) {
  onnx_schema::TensorProto& tensor = *model_->graph().add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(kFloat);
  for (const Index axis : value.shape().axes()) tensor.add_dims(axis);
  tensor.set_raw_data(value.data(), value.values().size_bytes());
  return name;
}

std::string GraphWriter::constant(float value) {
  return constant(new_name("number"), Tensor::filled(Shape{}, value));
}

std::string GraphWriter::constant(std::span<const std::int64_t> values) {
  onnx_schema::TensorProto& tensor = *model_->graph().add_initializer();
  tensor.set_name(new_name("numbers"));
  tensor.set_data_type(kInt64);
  tensor.add_dims(std::ssize(values));
  tensor.set_raw_data(values.data(), values.size_bytes());
  return tensor.name();
}

std::string GraphWriter::node(const std::string& op, const std::vector<std::string>& inputs,
                              const std::vector<Attribute>& attributes, const std::string& result) {
  onnx_schema::NodeProto& node = *model_->graph().add_node();
  node.set_op_type(op);
  node.mutable_input()->Add(inputs.begin(), inputs.end());
  for (const Attribute& attribute : attributes) fill(attribute, *node.add_attribute());
  const std::string name = result.empty() ? new_name(op) : result;
  node.set_name(name);
  node.add_output(name);
  return name;
}

std::string GraphWriter::bytes(const std::string& producer_version,
                               std::span<const std::pair<std::string, std::string>> metadata) const {
  onnx_schema::ModelProto& model = model_->proto;
  model.set_producer_version(producer_version);
  model.clear_metadata_props();
  for (const auto& [key, value] : metadata) {
    onnx_schema::StringStringEntryProto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  if (model.ByteSizeLong() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    throw ConfigError("the model is longer than the 2 GiB that an ONNX file can have; export safetensors or npz");
  }
  return model.SerializeAsString();
}

}  // namespace dpml::onnx
