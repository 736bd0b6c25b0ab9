#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dpml/tensor/tensor.h"

namespace dpml::onnx {

inline constexpr int kOpset = 17;  ///< of ONNX's own operators that graphs are written in

struct Attribute {
  std::string name;
  std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<std::string>> value;
};

/// Writes one graph: values are known by their names, each made once, before it is used.
class GraphWriter {
 public:
  GraphWriter();
  ~GraphWriter();
  GraphWriter(const GraphWriter&) = delete;
  GraphWriter& operator=(const GraphWriter&) = delete;

  /// A float32 input of the graph, or an output, which is a value's name: [N, sample...], N open.
  void input(const std::string& name, const Shape& sample);
  void output(const std::string& name, const Shape& sample);

  /// Constants. One with a name of its own keeps it; the others are numbered.
  std::string constant(const std::string& name, const Tensor& value);
  std::string constant(float value);
  std::string constant(std::span<const std::int64_t> values);

  /// The first result of an operator, under a name of its own, or `result` where it is stated.
  std::string node(const std::string& op, const std::vector<std::string>& inputs,
                   const std::vector<Attribute>& attributes = {}, const std::string& result = "");

  /// The whole model. Throws ConfigError when it is longer than the 2 GiB that the format can have.
  std::string bytes(const std::string& producer_version,
                    std::span<const std::pair<std::string, std::string>> metadata) const;

 private:
  std::string new_name(const std::string& what);

  struct Model;
  std::unique_ptr<Model> model_;
  std::uint64_t names_ = 0;
};

}  // namespace dpml::onnx
