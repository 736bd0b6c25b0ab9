#include "dpml/layers/embedding.h"

#include <algorithm>

#include "vocabulary.h"

namespace dpml {

namespace {

Vocabulary vocabulary_of(const Embedding::Options& options) {
  return {options.vocabulary, options.features, options.padding_idx, options.initial_std};
}

}  // namespace

std::optional<OptionProblem> Embedding::problem_of(const Options& options) {
  return vocabulary_of(options).problem();
}

Embedding::Embedding(const Options& options, Rng& init)
    : options_(options), weight_("weight", vocabulary_of(options).initial_weight("Embedding", init)) {
  vocabulary_of(options).keep_padding_zero(weight_);
}

Shape Embedding::output_shape(const Options& options, const Shape& sample) {
  return sample.with_back(options.features);
}

Value Embedding::forward(Tape& tape, const Value& x) const {
  Tensor y(output_shape(x.shape().without_front()).with_front(x.shape()[0]));  // [B, ..., features]
  const Vocabulary vocabulary = vocabulary_of(options_);
  vocabulary.require_indices(place(), x.tensor());
  const Index features = options_.features;
  float* to = y.mutable_data();
  for (const float index : x.tensor().values()) {
    const float* row = weight_.tensor().data() + static_cast<Index>(index) * features;
    to = vocabulary.pads(index) ? std::fill_n(to, features, 0.0F) : std::copy_n(row, features, to);
  }
  return tape.record_trusted(place(), {x}, {weight_}, std::move(y),
                             [this, x, vocabulary](const Tensor& dy, Cotangents& send) {
                               send.to(weight_, [&] {
                                 if (!vocabulary.padding_idx)
                                   return PerSampleGrad::rows(x.tensor(), dy, vocabulary.vocabulary);
                                 Tensor of_rows = dy.clone();
                                 float* of_row = of_rows.mutable_data();
                                 for (const float index : x.tensor().values()) {
                                   if (vocabulary.pads(index)) std::fill_n(of_row, vocabulary.features, 0.0F);
                                   of_row += vocabulary.features;
                                 }
                                 return PerSampleGrad::rows(x.tensor(), of_rows, vocabulary.vocabulary);
                               });
                             });
}

void Embedding::collect_parameters(const std::string& prefix, std::vector<NamedParameter>& into) {
  into.push_back({prefix + weight_.name(), &weight_});
}

}  // namespace dpml
