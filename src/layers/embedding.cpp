#include "dpml/layers/embedding.h"

#include <algorithm>

#include "checks.h"
#include "dpml/base/error.h"

namespace dpml {

namespace {

Tensor initial_weight(const Embedding::Options& options, Rng& init) {
  require_none("Embedding", Embedding::problem_of(options));
  Tensor weight(Shape{options.vocabulary, options.features});
  for (float& value : weight.mutable_values()) value = static_cast<float>(init.gaussian());
  return weight;
}

}  // namespace

std::optional<OptionProblem> Embedding::problem_of(const Options& options) {
  if (options.vocabulary > Tensor::kMaxExactInteger) {
    return OptionProblem{"vocabulary", "is " + std::to_string(options.vocabulary) + ", expected at most " +
                                           std::to_string(Tensor::kMaxExactInteger) +
                                           ", the indices that are exact in float32"};
  }
  return first_not_positive({{"vocabulary", options.vocabulary}, {"features", options.features}});
}

Embedding::Embedding(const Options& options, Rng& init)
    : options_(options), weight_("weight", initial_weight(options, init)) {}

Shape Embedding::output_shape(const Options& options, const Shape& sample) {
  return sample.with_back(options.features);
}

Value Embedding::forward(Tape& tape, const Value& x) const {
  Tensor y(output_shape(x.shape().without_front()).with_front(x.shape()[0]));  // [B, ..., features]
  if (first_breach(input_rule(), x.tensor().values())) {
    throw Error(place() + ": an index is not a whole number in [0, " + std::to_string(options_.vocabulary) +
                "). Check the vocabulary size and the preparation of the data");
  }
  const Index features = options_.features;
  float* to = y.mutable_data();
  for (const float index : x.tensor().values()) {
    to = std::copy_n(weight_.tensor().data() + static_cast<Index>(index) * features, features, to);
  }
  return tape.record(place(), {x}, {weight_}, std::move(y), [this, x](const Tensor& dy, Cotangents& send) {
    send.to(weight_, [&] { return PerSampleGrad::rows(x.tensor(), dy, options_.vocabulary); });
  });
}

void Embedding::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  into.push_back({prefix + weight_.name(), &weight_});
}

}  // namespace dpml
