#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dpml/autograd/parameter.h"
#include "dpml/autograd/per_sample_grad.h"
#include "dpml/tensor/gemm.h"
#include "dpml/tensor/tensor.h"

namespace dpml {

/// Of a value on a tape: one row for each sample (axis 0 is the batch), or the same numbers for all samples.
enum class Kind { sample, shared };

/// A tensor on a tape.
class Value {
 public:
  const Tensor& tensor() const { return tensor_; }
  const Shape& shape() const { return tensor_.shape(); }
  Kind kind() const { return kind_; }
  /// Shape of one sample: without the batch axis for a sample value, the whole shape for a shared one.
  Shape sample_shape() const { return kind_ == Kind::sample ? shape().without_front() : shape(); }
  /// Does a gradient that reaches this value go on to a trainable parameter?
  bool wants_gradient() const { return node_ >= 0; }

 private:
  friend class Tape;
  friend class Cotangents;
  Value(Tensor tensor, Kind kind, Index node) : tensor_(std::move(tensor)), kind_(kind), node_(node) {}

  Tensor tensor_;
  Kind kind_;
  Index node_;  // place on the tape; -1 when no gradient is wanted
};

/// Receives each trainable parameter's per-sample gradients, once per backward pass, as soon as its last use has been
/// visited.
class GradientSink {
 public:
  virtual ~GradientSink() = default;
  virtual void accept(const Parameter& parameter, PerSampleGrad gradient) = 0;
};

/// Where an operation's backward function sends the gradients of its inputs. Each `make` runs only when its target
/// wants a gradient: a frozen weight computes nothing.
class Cotangents {
 public:
  /// make() returns a Tensor of x's shape.
  template <class Make>
  void to(const Value& x, Make&& make) {
    if (x.wants_gradient()) add(x, make());
  }
  /// make() returns the parameter's PerSampleGrad.
  template <class Make>
  void to(const Parameter& parameter, Make&& make) {
    if (parameter.trainable()) add(parameter, make());
  }

 private:
  friend class Tape;
  Cotangents(class Tape& tape, GradientSink& sink) : tape_(tape), sink_(sink) {}
  void add(const Value& x, Tensor gradient);
  void add(const Parameter& parameter, PerSampleGrad gradient);

  Tape& tape_;
  GradientSink& sink_;
};

/// Given the gradient of an operation's result, sends the gradients of its inputs.
using Backward = std::function<void(const Tensor& dy, Cotangents& send)>;

/// Sees what is made on a tape, while it is made; for trials of models (dpml/layers/sample_mixing.h).
class TapeWitness {
 public:
  virtual ~TapeWitness() = default;
  /// A value, in the order in which they are made; "input" and "constant" are those of Tape::sample and Tape::shared.
  /// What becomes of y is what goes on.
  virtual void saw(std::string_view op, Kind kind, Tensor& y) = 0;
  /// The gradient that the backward function of a recorded value is about to get, the last recorded one first.
  virtual void saw_gradient(std::string_view op, Tensor& dy) = 0;
};

/// What was computed for one physical batch, so that it can be walked back once.
///
/// Claim: if every recorded operation keeps the rule of `record_trusted`, then row b of every sample value, and sample
/// b's part of every gradient, depend on sample b and on shared values only (docs/architecture.md, "What the tape
/// shows").
class Tape {
 public:
  struct Options {
    bool training = false;  ///< dropout is active
    bool gradients = true;  ///< false: nothing is kept for a backward pass
    /// [B]; must outlive the tape. Randomness in layers is keyed by them.
    std::span<const std::uint64_t> sample_ids = {};
    std::uint64_t mask_key = 0;  ///< key of that randomness: changes with every step
    /// Who multiplies matrices in shipped layers and operations. Where privacy hangs on the result it must be `own`:
    /// only then are a sample's bits its own.
    Products products = Products::own;
    TapeWitness* witness = nullptr;  ///< must outlive the tape
  };

  Tape() = default;
  explicit Tape(const Options& options) : options_(options) {}
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  const Options& options() const { return options_; }
  /// A number that differs between the random layers of one forward pass and is the same in every pass.
  std::uint64_t next_mask_index() { return mask_index_++; }

  Value sample(Tensor x);  ///< an input with one row per sample, [B, ...]
  Value shared(Tensor x);  ///< a constant

  /// Records y = op(inputs, parameters). Whoever calls it is trusted, since nothing here can see what was computed from
  /// what; dpml/testing.h tries it, and training tries it again before the first release. The rule: row b of y, and
  /// sample b's part of all that `backward` sends, are computed from sample b's rows and from shared values and
  /// parameters alone. Never captures by reference what dies before the tape. Throws SampleMixingError when a sample
  /// input's batch is not y's.
  Value record_trusted(std::string_view op, std::initializer_list<std::reference_wrapper<const Value>> inputs,
                       std::initializer_list<std::reference_wrapper<const Parameter>> parameters, Tensor y,
                       Backward backward);
  /// The same for inputs whose number is not known when the program is written.
  Value record_trusted(std::string_view op, std::span<const std::reference_wrapper<const Value>> inputs,
                       std::span<const std::reference_wrapper<const Parameter>> parameters, Tensor y,
                       Backward backward);

  /// Records y = f(inputs, parameters) for functions that see one sample at a time, so that they cannot mix samples;
  /// slow, and the gradients are dense. `forward` gets the sample's part of each input (the whole of a shared one) and
  /// returns the sample's result; `backward` gets the same and the result's gradient, and returns those of all inputs,
  /// then of all parameters, shapes as they came. Inputs include a sample value; those of a shared value are added up
  /// nowhere, so it may not want one. Throws SampleMixingError when it does, ShapeError for results of other shapes
  /// than sample_shape.
  using SampleForward = std::function<Tensor(std::span<const Tensor> inputs)>;
  using SampleBackward = std::function<std::vector<Tensor>(std::span<const Tensor> inputs, const Tensor& dy)>;
  Value record_per_sample(std::string_view op, const std::vector<Value>& inputs,
                          std::vector<std::reference_wrapper<const Parameter>> parameters, const Shape& sample_shape,
                          const SampleForward& forward, SampleBackward backward);

  /// How many numbers the results recorded for a backward pass hold, and what count_kept told; decides how many samples
  /// fit a cache.
  Index recorded_numbers() const { return recorded_numbers_; }
  /// Tells that the backward function of `result`, if it is recorded, keeps so many numbers beside it.
  void count_kept(const Value& result, Index numbers) {
    if (result.wants_gradient()) recorded_numbers_ += numbers;
  }

  /// Walks back from the losses, one per sample, [B], with all ones; the tape is empty afterwards. Parameters that the
  /// losses do not depend on are not reported. Throws ShapeError when losses is not a sample value of shape [B], and
  /// Error when the tape was walked back already.
  void backward(const Value& losses, GradientSink& sink);

 private:
  friend class Cotangents;
  struct Node {
    Backward backward;
    Tensor gradient;  // of the result; meaningful once has_gradient
    bool has_gradient = false;
    std::size_t first_use = 0;  // into uses_
    std::size_t use_count = 0;
    std::string op;  // for a witness
  };
  struct Use {
    const Parameter* parameter;
    std::size_t remaining;                // recorded uses not yet visited
    std::vector<PerSampleGrad> gathered;  // zero or one
  };
  Use& use_of(const Parameter& parameter);
  void finish_uses(const Node& node, GradientSink& sink);

  Options options_;
  std::uint64_t mask_index_ = 0;
  Index recorded_numbers_ = 0;
  std::vector<Node> nodes_;
  std::vector<const Parameter*> uses_;  // parameters by node, flattened
  std::vector<Use> open_;               // by parameter
};

}  // namespace dpml
