#pragma once

#include <deque>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dpml/testing.h"

namespace dpml::testing {

/// An input, the weights c of the loss L_b = sum_i c[b,i] y[b,i], and the samples' ids.
struct Batch {
  Tensor x;  // [B, ...]
  Tensor c;  // [B, ...], shape of the layer's result
  std::vector<std::uint64_t> ids;

  Index size() const { return x.axis(0); }
  Batch sample(Index b) const;     ///< that sample alone
  Batch first(Index count) const;  ///< the first samples
  Batch with_c(Tensor other) const;
};

/// The layer that is checked, its parameters moved off their initial values, and what is drawn for it.
class Subject {
 public:
  Subject(const LayerMaker& make, const Shape& sample, const LayerCheckOptions& options);

  const Layer& layer() const { return *layer_; }
  const std::vector<NamedParameter>& parameters() const { return parameters_; }
  const LayerCheckOptions& options() const { return options_; }
  bool input_has_gradient() const { return options_.vocabulary == 0; }
  const Shape& sample_shape() const { return sample_shape_; }

  Batch draw(Index batch);
  Rng& rng() { return data_; }
  Tape::Options tape_options(const Batch& batch) const;

  /// The result, with nothing recorded.
  Tensor result(const Batch& batch) const;

 private:
  Tensor draw_input(Index batch);

  LayerCheckOptions options_;
  Shape sample_shape_;
  Rng data_;
  std::unique_ptr<Layer> layer_;
  std::vector<NamedParameter> parameters_;
};

/// One forward and backward pass, and all that arrives from it.
class Recording final : private GradientSink {
 public:
  /// `first_mask`: how many random layers the tape has seen before.
  Recording(const Subject& subject, const Batch& batch, std::uint64_t first_mask = 0);

  /// An input whose gradient is kept: input_gradient(k) for call k, from 0.
  Value input(const Tensor& x);
  Value apply(const Value& x);
  /// An input whose gradient nobody asks for.
  Value plain_input(const Tensor& x) { return tape_.sample(x); }
  std::uint64_t masks_used() { return tape_.next_mask_index(); }

  struct Result {
    Value y;
    Tensor c;
  };
  /// Walks back from the sum of the results' losses.
  void backward(std::initializer_list<Result> results);

  const Tensor& input_gradient(std::size_t k) const { return input_gradients_[k]; }
  const std::optional<PerSampleGrad>& gradient(std::size_t parameter) const { return gradients_[parameter]; }
  /// The same as a tensor [B, parameter...]; zeros when none arrived.
  Tensor dense_gradient(std::size_t parameter) const;

 private:
  void accept(const Parameter& parameter, PerSampleGrad gradient) override;

  const Subject& subject_;
  Index batch_;
  Tape tape_;
  std::deque<Parameter> probes_;  // one for each input; their addresses stay
  std::vector<Tensor> input_gradients_;
  std::vector<std::optional<PerSampleGrad>> gradients_;
};

/// The layer once, forward and backward.
struct Pass {
  Pass(const Subject& subject, const Batch& batch, std::uint64_t first_mask = 0);

  Recording recording;
  Tensor y;
  std::uint64_t masks = 0;  ///< numbers of random layers used so far

  const Tensor& input_gradient() const { return recording.input_gradient(0); }
};

}  // namespace dpml::testing
