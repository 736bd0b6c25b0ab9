#include <algorithm>
#include <string>

#include "dpml/autograd/tape.h"
#include "dpml/base/error.h"

namespace dpml {

namespace {

/// Sample b of a sample value, or a shared one.
Tensor part_of(const Value& x, Index b) {
  if (x.kind() == Kind::shared) return x.tensor();
  Tensor part(x.sample_shape());
  std::copy_n(x.tensor().data() + b * part.size(), part.size(), part.mutable_data());
  return part;
}

std::vector<Tensor> parts_of(const std::vector<Value>& inputs, Index b) {
  std::vector<Tensor> parts;
  for (const Value& input : inputs) parts.push_back(part_of(input, b));
  return parts;
}

void put(const std::string& op, const char* what, const Tensor& part, const Shape& expected, Index b, Tensor& into) {
  if (part.shape() != expected) {
    throw ShapeError(op + ": " + what + " of a sample is " + part.shape().to_text() + ", expected " +
                     expected.to_text());
  }
  std::copy_n(part.data(), part.size(), into.mutable_data() + b * part.size());
}

}  // namespace

Value Tape::record_per_sample(std::string_view op, const std::vector<Value>& inputs,
                              std::vector<std::reference_wrapper<const Parameter>> parameters,
                              const Shape& sample_shape, const SampleForward& forward, SampleBackward backward) {
  const std::string name(op);
  const auto sample =
      std::find_if(inputs.begin(), inputs.end(), [](const Value& x) { return x.kind() == Kind::sample; });
  if (sample == inputs.end()) throw ShapeError(name + ": has no input with a batch axis; expected one or more");
  const Index batch = sample->shape()[0];
  for (const Value& input : inputs) {
    if (input.kind() == Kind::shared && input.wants_gradient()) {
      throw SampleMixingError(name + ": a shared input wants a gradient, which would be added up over the samples");
    }
    if (input.kind() == Kind::sample && input.shape()[0] != batch) {
      throw SampleMixingError(name + ": the batches of " + sample->shape().to_text() + " and " +
                              input.shape().to_text() + " differ. Both need a row for each sample.");
    }
  }
  Tensor y(sample_shape.with_front(batch));
  for (Index b = 0; b < batch; ++b) put(name, "the result", forward(parts_of(inputs, b)), sample_shape, b, y);

  const std::vector<std::reference_wrapper<const Value>> refs(inputs.begin(), inputs.end());
  return record_trusted(op, refs, parameters, std::move(y), [=](const Tensor& dy, Cotangents& send) {
    std::vector<Tensor> gradients;
    for (const Value& input : inputs) gradients.emplace_back(input.kind() == Kind::sample ? input.shape() : Shape{0});
    for (const Parameter& parameter : parameters) gradients.emplace_back(parameter.shape().with_front(batch));
    for (Index b = 0; b < batch; ++b) {
      Tensor of_sample(sample_shape);
      std::copy_n(dy.data() + b * of_sample.size(), of_sample.size(), of_sample.mutable_data());
      const std::vector<Tensor> parts = backward(parts_of(inputs, b), of_sample);
      if (parts.size() != gradients.size()) {
        throw ShapeError(name + ": backward returns " + std::to_string(parts.size()) + " gradients, expected " +
                         std::to_string(gradients.size()) + ", of the inputs and the parameters");
      }
      for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i < inputs.size() && inputs[i].kind() == Kind::shared) continue;
        put(name, "a gradient", parts[i], gradients[i].shape().without_front(), b, gradients[i]);
      }
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) send.to(inputs[i], [&] { return gradients[i]; });
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      send.to(parameters[i].get(), [&] { return PerSampleGrad::dense(gradients[inputs.size() + i]); });
    }
  });
}

}  // namespace dpml
