#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dpml/tensor/tensor.h"

namespace dpml::onnx_vectors {

using Numbers = std::vector<std::int64_t>;

/// Thrown for a case that is not compared; says why, as the table of docs/layers.md does.
struct LeftOut {
  std::string why;
};

/// A folder of the package with a graph of one node, and the numbers that go into it and come out.
class Case {
 public:
  /// The operator of a graph of one node, "" for another graph.
  static std::string operator_of(const std::filesystem::path& folder);
  explicit Case(const std::filesystem::path& folder);  ///< of such a graph

  std::string name;
  std::string op;
  std::int64_t opset = 0;
  std::vector<std::optional<Tensor>> outputs;  ///< absent where the node gives none or numbers of another type

  std::size_t input_count() const { return inputs_.size(); }
  bool has_input(std::size_t i) const { return i < inputs_.size() && inputs_[i].index() != 0; }
  /// float32, int32 or int64, which float32 holds exactly in the files; throws LeftOut for another type.
  const Tensor& input(std::size_t i) const;
  Numbers numbers(std::size_t i) const;  ///< of an input that holds whole ones

  bool has(const std::string& attribute) const { return attributes_.contains(attribute); }
  // Attributes, or what they are when they are not stated.
  std::int64_t whole(const std::string& attribute, std::int64_t missing) const;
  float number(const std::string& attribute, float missing) const;
  std::string text(const std::string& attribute, const std::string& missing) const;
  Numbers wholes(const std::string& attribute, const Numbers& missing) const;
  std::vector<std::string> texts(const std::string& attribute) const;

 private:
  struct OtherType {};
  std::vector<std::variant<std::monostate, Tensor, OtherType>> inputs_;
  std::map<std::string, std::variant<std::int64_t, float, std::string, Numbers, std::vector<std::string>>> attributes_;
};

}  // namespace dpml::onnx_vectors
