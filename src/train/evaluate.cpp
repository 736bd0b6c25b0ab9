#include "dpml/train/evaluate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "dpml/base/error.h"
#include "dpml/layers/scoring.h"
#include "row_chunks.h"

namespace dpml {

namespace {

constexpr Index kChunk = 64;

/// Calls work(chunk number, its first sample, samples, tape, prediction) for all samples, in pieces, in parallel.
template <class Work>
void predict_chunks(const Layer& model, const Dataset& data, int threads, Work&& work) {
  for_each_chunk(data, kChunk, threads, [&](Index chunk, Index first, const Batch& samples) {
    Tape tape({.training = false,
               .gradients = false,
               .sample_ids = samples.sample_ids,
               .mask_key = 0,
               .products = Products::library});
    const Value prediction = model.forward(tape, tape.sample(samples.inputs));
    work(chunk, first, samples, tape, prediction);
  });
}

}  // namespace

Evaluation evaluate(const Layer& model, const Dataset& data, const LossOptions& loss, int threads) {
  struct Sums {
    double loss = 0;
    Index not_finite = 0;
    Score score;
  };
  if (data.size() == 0)
    throw DataError(data.source_of(SamplePart::input) + ": no row is left; nothing can be measured");
  std::vector<Sums> chunks(static_cast<std::size_t>(physical_batch_count(data.size(), kChunk)));
  const bool has_classes = predicts_classes(loss.kind);
  predict_chunks(model, data, threads,
                 [&](Index chunk, Index, const Batch& samples, Tape& tape, const Value& prediction) {
                   Sums& sums = chunks[static_cast<std::size_t>(chunk)];
                   const Value losses = loss_value(loss, tape, prediction, samples.labels);
                   for (const float value : losses.tensor().values()) {
                     if (std::isfinite(value)) {
                       sums.loss += static_cast<double>(value);
                     } else {
                       ++sums.not_finite;
                     }
                   }
                   if (has_classes) sums.score = count_correct(loss, prediction.tensor(), samples.labels);
                 });
  Sums total;
  for (const Sums& sums : chunks) {
    total.loss += sums.loss;
    total.not_finite += sums.not_finite;
    total.score.correct += sums.score.correct;
    total.score.labels += sums.score.labels;
  }
  const Index finite = data.size() - total.not_finite;
  Evaluation evaluation{
      .count = data.size(),
      .not_finite = total.not_finite,
      .loss = finite > 0 ? total.loss / static_cast<double>(finite) : std::numeric_limits<double>::quiet_NaN(),
      .accuracy = std::nullopt};
  if (total.score.labels > 0) {
    evaluation.accuracy = static_cast<double>(total.score.correct) / static_cast<double>(total.score.labels);
  }
  return evaluation;
}

Tensor predict(const Layer& model, const Dataset& data, int threads) {
  Tensor outputs(model.output_shape(data.input_shape()).with_front(data.size()));
  const Index row = outputs.shape().without_front().size();
  predict_chunks(model, data, threads, [&](Index, Index first, const Batch& samples, Tape&, const Value& prediction) {
    const Index size = samples.inputs.shape().without_front().size();
    for (Index i = 0; i < samples.inputs.shape()[0]; ++i) {
      float* to = outputs.mutable_data() + (first + i) * row;
      const float* input = samples.inputs.data() + i * size;
      if (all_finite({input, static_cast<std::size_t>(size)})) {
        std::copy_n(prediction.tensor().data() + i * row, row, to);
      } else {
        std::fill_n(to, row, std::numeric_limits<float>::quiet_NaN());
      }
    }
  });
  return outputs;
}

}  // namespace dpml
