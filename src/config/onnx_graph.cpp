#include "onnx_graph.h"

#include "dpml/base/error.h"
#include "layer_kinds/layer_kind.h"
#include "wiring.h"

namespace dpml::config {

std::string OnnxGraph::constant(const std::string& name, const Tensor& value) {
  return writer_.constant("/" + prefix_ + name, value);
}

std::string OnnxGraph::weight(const std::string& name) {
  return prefix_ + name;
}

std::string OnnxGraph::slice(const std::string& x, Index axis, Index begin, Index end) {
  return node("Slice", {x, constant(Numbers{begin}), constant(Numbers{end}), constant(Numbers{axis})});
}

std::string OnnxGraph::reshape(const std::string& x, const Numbers& shape) {
  return node("Reshape", {x, constant(shape)});
}

std::string OnnxGraph::transpose(const std::string& x, const Numbers& order) {
  return node("Transpose", {x}, {{"perm", order}});
}

std::string OnnxGraph::concat(const std::vector<std::string>& parts, Index axis) {
  return parts.size() == 1 ? parts.front() : node("Concat", parts, {{"axis", std::int64_t{axis}}});
}

std::string OnnxGraph::reduce(const std::string& op, const std::string& x, const Numbers& axes, bool keep) {
  const onnx::Attribute keep_axes{"keepdims", std::int64_t{keep}};
  if (op == "ReduceSum") return node(op, {x, constant(axes)}, {keep_axes});  // an input there, as of opset 13
  return node(op, {x}, {{"axes", axes}, keep_axes});
}

std::string OnnxGraph::channels_second(const std::string& x, Index sample_rank) {
  Numbers order{0, sample_rank};
  for (Index axis = 1; axis < sample_rank; ++axis) order.push_back(axis);
  return sample_rank < 2 ? x : transpose(x, order);
}

std::string OnnxGraph::channels_last(const std::string& x, Index sample_rank) {
  Numbers order{0};
  for (Index axis = 2; axis <= sample_rank; ++axis) order.push_back(axis);
  order.push_back(1);
  return sample_rank < 2 ? x : transpose(x, order);
}

std::string OnnxGraph::inside(const std::vector<LayerSpec>& layers, const std::string& name, const std::string& x,
                              const Shape& in) {
  const std::string outer_prefix = prefix_;
  const std::string outer_word = word_;
  const Wiring wiring = Wiring::of(layers);
  std::vector<std::string> values{x};
  std::vector<Shape> shapes{in};
  for (std::size_t place = 0; place < layers.size(); ++place) {
    const Wiring::Node& node = wiring.nodes[place];
    const LayerKindHandle kind = kind_in(layers, place, node);
    const std::vector<Shape> of_inputs = inputs_of(node, shapes);
    prefix_ = outer_prefix + name + name_of(layers, node.owner) + ".";
    word_ = layers[place].word;
    values.push_back(kind->written(inputs_of(node, values), of_inputs, *this));
    ModelSizes sizes;
    SizeCounter counter(sizes);
    shapes.push_back(kind->counted(of_inputs, counter));
  }
  prefix_ = outer_prefix;
  word_ = outer_word;
  return values.back();
}

void OnnxGraph::refuse_onnx() const {
  throw ConfigError("layer " + prefix_.substr(0, prefix_.empty() ? 0 : prefix_.size() - 1) +
                    (word_.empty() ? "" : " (" + word_ + ")") +
                    " cannot be written as ONNX; export its weights as safetensors or npz");
}

}  // namespace dpml::config
