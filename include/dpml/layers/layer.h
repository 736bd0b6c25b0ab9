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

/// What layers and merges have in common: parameters, and a name for messages. Outlives the tapes it records on.
class Module {
 public:
  virtual ~Module() = default;
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// Appends its parameters, each name starting with `prefix`.
  virtual void collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into);

  /// What error messages call it: `Linear "fc1"`, or `Linear` while it has no name.
  std::string place() const;
  virtual std::string type() const = 0;  ///< "Linear"
  /// Those that hold others name them, too: "block" gives "block.0".
  virtual void set_name(std::string name) { name_ = std::move(name); }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

/// Parameters and a forward. Values are channels last: images [B, H, W, C], sequences [B, T, features]; batch is axis
/// 0, always. forward may run in several threads at once.
class Layer : public Module {
 public:
  /// Throws ShapeError, naming the layer and the axis, when x does not fit.
  virtual Value forward(Tape& tape, const Value& x) const = 0;

  /// Shape of one sample's result for one sample's input, both without the batch axis. Throws as forward does.
  virtual Shape output_shape(const Shape& sample) const = 0;

  /// What the numbers of x must be, where forward throws for others: Embedding wants indices. It is asked before
  /// training, so that every row of the data is checked before anything is released; a layer that throws on what it did
  /// not state here ends a run in the middle. Layers made of layers answer for those inside, and throw ConfigError when
  /// one of them wants of computed numbers what only the model's input can keep.
  virtual NumberRule input_rule() const { return AnyNumber{}; }
  /// Whether the result holds numbers of x and no others (Flatten). What the next layer wants is then wanted of x.
  virtual bool keeps_numbers() const { return false; }
};

/// Two or more values that become one, in a Graph: Add.
class Merge : public Module {
 public:
  /// Throws ShapeError, naming itself, when the values do not fit together.
  virtual Value forward(Tape& tape, const std::vector<Value>& x) const = 0;
  /// As of a layer, one shape for each value.
  virtual Shape output_shape(const std::vector<Shape>& samples) const = 0;
  virtual bool keeps_numbers() const { return false; }  ///< as of a layer
};

/// All parameters of a model, in order.
std::vector<NamedParameter> named_parameters(Module& model);

/// Numbers in all parameters of a model, frozen ones included.
Index count_parameters(Module& model);

}  // namespace dpml
