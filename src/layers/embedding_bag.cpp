#include "dpml/layers/embedding_bag.h"

#include <algorithm>

#include "dpml/base/error.h"
#include "vocabulary.h"

namespace dpml {

namespace {

Vocabulary vocabulary_of(const EmbeddingBag::Options& options) {
  return {options.vocabulary, options.features, options.padding_idx};
}

/// What each row of a bag is multiplied by.
double factor_of(const Vocabulary& vocabulary, EmbeddingBag::Mode mode, std::span<const float> bag) {
  switch (mode) {
    case EmbeddingBag::Mode::sum:
      return 1;
    case EmbeddingBag::Mode::mean: {
      const auto count = std::count_if(bag.begin(), bag.end(), [&](float index) { return !vocabulary.pads(index); });
      return count == 0 ? 0 : 1 / static_cast<double>(count);
    }
  }
  throw InternalError("EmbeddingBag::Mode: not one of the enumerated values");
}

std::span<const float> bag_of(const Tensor& x, Index bag) {
  const Index length = x.axis(-1);
  return {x.data() + bag * length, static_cast<std::size_t>(length)};
}

}  // namespace

std::optional<OptionProblem> EmbeddingBag::problem_of(const Options& options) {
  return vocabulary_of(options).problem();
}

EmbeddingBag::EmbeddingBag(const Options& options, Rng& init)
    : options_(options), weight_("weight", vocabulary_of(options).initial_weight("EmbeddingBag", init)) {
  vocabulary_of(options).keep_padding_zero(weight_);
}

Shape EmbeddingBag::output_shape(const Options& options, const Shape& sample, const std::string& place) {
  if (sample.rank() == 0) throw ShapeError(place + ": x is [B], expected bags of indices, [B, ..., T]");
  return sample.with_axis(-1, options.features);
}

Value EmbeddingBag::forward(Tape& tape, const Value& x) const {
  Tensor y(output_shape(x.shape().without_front()).with_front(x.shape()[0]));  // [B, ..., features]
  const Vocabulary vocabulary = vocabulary_of(options_);
  vocabulary.require_indices(place(), x.tensor());
  const Index features = vocabulary.features;
  const Index bags = y.size() / features;
  std::vector<double> sum(static_cast<std::size_t>(features));
  for (Index bag = 0; bag < bags; ++bag) {
    std::fill(sum.begin(), sum.end(), 0.0);
    const std::span<const float> indices = bag_of(x.tensor(), bag);
    for (const float index : indices) {
      if (vocabulary.pads(index)) continue;
      const float* row = weight_.tensor().data() + static_cast<Index>(index) * features;
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(row[i]);
    }
    const double factor = factor_of(vocabulary, options_.mode, indices);
    float* to = y.mutable_data() + bag * features;
    for (std::size_t i = 0; i < sum.size(); ++i) to[i] = static_cast<float>(factor * sum[i]);
  }
  return tape.record_trusted(
      place(), {x}, {weight_}, std::move(y), [this, x, vocabulary, bags](const Tensor& dy, Cotangents& send) {
        send.to(weight_, [&] {
          Tensor of_rows = Tensor::zeros(x.shape().with_back(vocabulary.features));  // [B, ..., T, features]
          float* to = of_rows.mutable_data();
          for (Index bag = 0; bag < bags; ++bag) {
            const std::span<const float> indices = bag_of(x.tensor(), bag);
            const auto factor = static_cast<float>(factor_of(vocabulary, options_.mode, indices));
            const float* from = dy.data() + bag * vocabulary.features;
            for (const float index : indices) {
              if (!vocabulary.pads(index)) {
                for (Index i = 0; i < vocabulary.features; ++i) to[i] = factor * from[i];
              }
              to += vocabulary.features;
            }
          }
          return PerSampleGrad::rows(x.tensor(), of_rows, vocabulary.vocabulary);
        });
      });
}

void EmbeddingBag::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  into.push_back({prefix + weight_.name(), &weight_});
}

}  // namespace dpml
