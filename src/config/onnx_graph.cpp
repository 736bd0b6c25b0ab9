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

std::string OnnxGraph::channels_second(const std::string& x, Index sample_rank) {
  std::vector<std::int64_t> order{0, sample_rank};
  for (Index axis = 1; axis < sample_rank; ++axis) order.push_back(axis);
  return sample_rank < 2 ? x : node("Transpose", {x}, {{"perm", order}});
}

std::string OnnxGraph::channels_last(const std::string& x, Index sample_rank) {
  std::vector<std::int64_t> order{0};
  for (Index axis = 2; axis <= sample_rank; ++axis) order.push_back(axis);
  order.push_back(1);
  return sample_rank < 2 ? x : node("Transpose", {x}, {{"perm", order}});
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
