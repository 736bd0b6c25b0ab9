#pragma once

#include <string>
#include <vector>

#include "dpml/autograd/tape.h"
#include "dpml/tensor/number_rule.h"

namespace dpml {

struct NamedParameter {
  std::string name;  ///< "conv1.weight", unique in a model
  Parameter* parameter;
};

/// Parameters and a forward. Values are channels last: images [B, H, W, C], sequences [B, T, features]; batch is axis
/// 0, always. A layer outlives the tapes it records on, and forward may run in several threads at once.
class Layer {
 public:
  virtual ~Layer() = default;
  Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  /// Throws ShapeError, naming the layer and the axis, when x does not fit.
  virtual Value forward(Tape& tape, const Value& x) const = 0;

  /// Shape of one sample's result for one sample's input, both without the batch axis. Throws as forward does.
  virtual Shape output_shape(const Shape& sample) const = 0;

  /// What the numbers of x must be, where forward throws for others: Embedding wants indices. It is asked before
  /// training, so that every row of the data is checked before anything is released; a layer that throws on what it did
  /// not state here ends a run in the middle. Layers made of layers answer for those inside, and throw ConfigError when
  /// one of them wants of computed numbers what only the model's input can keep.
  virtual NumberRule input_rule() const { return AnyNumber{}; }
  /// Whether the result holds the numbers of x and no others (Flatten). What the next layer wants is then wanted of x.
  virtual bool keeps_numbers() const { return false; }

  /// Appends this layer's parameters, each name starting with `prefix`.
  virtual void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into);

  /// What error messages call it: `Linear "fc1"`, or `Linear` while it has no name.
  std::string place() const;
  virtual std::string type() const = 0;  ///< "Linear"
  /// Layers that hold layers name them, too: "block" gives "block.0".
  virtual void set_name(std::string name) { name_ = std::move(name); }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

/// All parameters of a model, in order.
std::vector<NamedParameter> named_parameters(Layer& model);

/// Numbers in all parameters of a model, frozen ones included.
Index count_parameters(Layer& model);

}  // namespace dpml
