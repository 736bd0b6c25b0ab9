#include "dpml/autograd/tape.h"

#include <algorithm>
#include <string>

#include "dpml/base/error.h"
#include "dpml/base/vectorised.h"

namespace dpml {

Value Tape::sample(Tensor x) {
  if (x.shape().rank() == 0) throw ShapeError("a sample value needs a batch axis, got a tensor of shape []");
  if (options_.witness != nullptr) options_.witness->saw("input", Kind::sample, x);
  return Value(std::move(x), Kind::sample, -1);
}

Value Tape::shared(Tensor x) {
  if (options_.witness != nullptr) options_.witness->saw("constant", Kind::shared, x);
  return Value(std::move(x), Kind::shared, -1);
}

Tape::Use& Tape::use_of(const Parameter& parameter) {
  const auto found =
      std::find_if(open_.begin(), open_.end(), [&](const Use& use) { return use.parameter == &parameter; });
  if (found != open_.end()) return *found;
  open_.push_back({&parameter, 0, {}});
  return open_.back();
}

Value Tape::record_trusted(std::string_view op, std::initializer_list<std::reference_wrapper<const Value>> inputs,
                           std::initializer_list<std::reference_wrapper<const Parameter>> parameters, Tensor y,
                           Backward backward) {
  return record_trusted(op, std::span(inputs.begin(), inputs.size()), std::span(parameters.begin(), parameters.size()),
                        std::move(y), std::move(backward));
}

Value Tape::record_trusted(std::string_view op, std::span<const std::reference_wrapper<const Value>> inputs,
                           std::span<const std::reference_wrapper<const Parameter>> parameters, Tensor y,
                           Backward backward) {
  bool is_sample = false;
  bool wants_gradient = false;
  for (const Value& input : inputs) {
    wants_gradient = wants_gradient || input.wants_gradient();
    if (input.kind() == Kind::shared) continue;
    is_sample = true;
    if (y.shape().rank() == 0 || y.axis(0) != input.shape()[0]) {
      throw SampleMixingError(std::string(op) + ": the result " + y.shape().to_text() +
                              " does not keep the batch axis of its input " + input.shape().to_text() +
                              ", so samples would mix. Keep axis 0 as it is.");
    }
  }
  const std::size_t first_use = uses_.size();
  for (const Parameter& parameter : parameters) {
    if (parameter.trainable() && options_.gradients) uses_.push_back(&parameter);
  }
  const std::size_t use_count = uses_.size() - first_use;
  if (use_count > 0 && !is_sample) {
    throw SampleMixingError(std::string(op) +
                            ": a trainable parameter meets no sample value, so its gradient could not " +
                            "be kept per sample. Apply the operation to the samples instead.");
  }
  const Kind kind = is_sample ? Kind::sample : Kind::shared;
  if (options_.witness != nullptr) options_.witness->saw(op, kind, y);
  if (!options_.gradients || (use_count == 0 && !wants_gradient)) return Value(std::move(y), kind, -1);

  for (std::size_t i = first_use; i < uses_.size(); ++i) ++use_of(*uses_[i]).remaining;
  recorded_numbers_ += y.size();
  nodes_.push_back({std::move(backward), Tensor(), false, first_use, use_count, {}});
  if (options_.witness != nullptr) nodes_.back().op = op;
  return Value(std::move(y), kind, std::ssize(nodes_) - 1);
}

void Tape::backward(const Value& losses, GradientSink& sink) {
  if (losses.kind() != Kind::sample || losses.shape().rank() != 1) {
    throw ShapeError("backward wants one loss per sample, shape [B]; got " + losses.shape().to_text() +
                     (losses.kind() == Kind::shared ? ", the same for all samples" : ""));
  }
  if (losses.node_ >= std::ssize(nodes_)) {
    throw Error(
        "backward: the losses are not on this tape. A tape is walked back once; record the next batch on a new one.");
  }
  if (losses.wants_gradient()) {
    Node& last = nodes_[static_cast<std::size_t>(losses.node_)];
    last.gradient = Tensor::filled(losses.shape(), 1.0F);
    last.has_gradient = true;
  }
  Cotangents send(*this, sink);
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
    if (node->has_gradient && options_.witness != nullptr) options_.witness->saw_gradient(node->op, node->gradient);
    if (node->has_gradient) node->backward(std::exchange(node->gradient, Tensor()), send);
    node->backward = nullptr;
    finish_uses(*node, sink);
  }
  nodes_.clear();
  uses_.clear();
  open_.clear();
}

void Tape::finish_uses(const Node& node, GradientSink& sink) {
  for (std::size_t i = node.first_use; i < node.first_use + node.use_count; ++i) {
    Use& use = use_of(*uses_[i]);
    if (--use.remaining > 0 || use.gathered.empty()) continue;
    PerSampleGrad gradient = std::move(use.gathered.back());
    use.gathered.clear();
    sink.accept(*use.parameter, std::move(gradient));
  }
}

void Cotangents::add(const Value& x, Tensor gradient) {
  if (gradient.shape() != x.shape()) {
    throw ShapeError("a gradient of shape " + gradient.shape().to_text() + " was sent to a value of shape " +
                     x.shape().to_text());
  }
  Tape::Node& node = tape_.nodes_[static_cast<std::size_t>(x.node_)];
  if (!node.has_gradient) {
    node.gradient = std::move(gradient);
    node.has_gradient = true;
    return;
  }
  // The first gradient may be shared with another value, so the sum gets numbers of its own.
  Tensor sum(x.shape());
  const float* a = node.gradient.data();
  const float* b = gradient.data();
  float* into = sum.mutable_data();
  vectorised([=, size = sum.size()] {
#pragma omp simd
    for (Index i = 0; i < size; ++i) into[i] = a[i] + b[i];
  });
  node.gradient = std::move(sum);
}

void Cotangents::add(const Parameter& parameter, PerSampleGrad gradient) {
  if (gradient.parameter_shape() != parameter.shape()) {
    throw ShapeError("a gradient for a parameter of shape " + gradient.parameter_shape().to_text() + " was sent to \"" +
                     parameter.name() + "\" of shape " + parameter.shape().to_text());
  }
  Tape::Use& use = tape_.use_of(parameter);
  // An operation that did not declare the parameter would be missed by the count of uses.
  DPML_ASSERT(use.remaining > 0);
  if (use.gathered.empty()) {
    use.gathered.push_back(std::move(gradient));
  } else {
    use.gathered.back() += std::move(gradient);
  }
}

}  // namespace dpml
