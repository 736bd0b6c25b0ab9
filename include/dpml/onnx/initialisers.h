#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dpml/tensor/tensor.h"

namespace dpml::onnx {

/// The constants of an ONNX file's graph, which are the weights of its model. Reading takes about twice the memory of
/// the file.
class Initialisers {
 public:
  /// Throws FileError, without the name of the file, when the bytes are no ONNX model.
  explicit Initialisers(std::string_view file);
  ~Initialisers();
  Initialisers(const Initialisers&) = delete;
  Initialisers& operator=(const Initialisers&) = delete;

  const std::vector<std::string>& names() const { return names_; }
  /// Why the numbers of one cannot be had, "" when they can: no floats, in another file, not as many as its shape says.
  std::string problem_of(std::size_t i) const;
  /// Of one without a problem.
  Shape shape_of(std::size_t i) const;
  Tensor floats(std::size_t i) const;

 private:
  struct Model;
  std::unique_ptr<Model> model_;
  std::vector<std::string> names_;
};

/// Whether a file with such a beginning may be ONNX, which has no magic number: its first field is the version of its
/// representation.
bool may_be_onnx(std::string_view beginning);

}  // namespace dpml::onnx
