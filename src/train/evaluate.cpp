#include "dpml/train/evaluate.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "dpml/base/parallel.h"
#include "dpml/data/physical_batch.h"
#include "dpml/train/trainer.h"

namespace dpml {

namespace {

constexpr Index kChunk = 64;

/// Calls work(chunk number, its first sample, samples, prediction) for all samples, in pieces, in parallel.
template <class Work>
void for_each_chunk(const Layer& model, const Dataset& data, int threads, Work&& work) {
  std::vector<Index> all(static_cast<std::size_t>(data.size()));
  std::iota(all.begin(), all.end(), Index{0});
  const Index chunks = physical_batch_count(data.size(), kChunk);
  parallel_for(resolved_threads(threads), chunks, [&](Index chunk) {
    const std::span<const Index> rows = physical_batch(all, kChunk, chunk);
    Batch samples;
    data.read(rows, samples);
    Tape tape({.training = false,
               .gradients = false,
               .sample_ids = samples.sample_ids,
               .mask_key = 0,
               .products = Products::library});
    const Value prediction = model.forward(tape, tape.sample(samples.inputs));
    work(chunk, rows.front(), samples, tape, prediction);
  });
}

}  // namespace

Evaluation evaluate(const Layer& model, const Dataset& data, Loss loss, int threads) {
  struct Sums {
    double loss = 0;
    Index correct = 0;
    Index labels = 0;
  };
  std::vector<Sums> chunks(static_cast<std::size_t>(physical_batch_count(data.size(), kChunk)));
  const bool has_classes = loss != Loss::mean_squared_error;
  for_each_chunk(model, data, threads,
                 [&](Index chunk, Index, const Batch& samples, Tape& tape, const Value& prediction) {
                   Sums& sums = chunks[static_cast<std::size_t>(chunk)];
                   const Value losses = loss_value(loss, tape, prediction, samples.labels);
                   for (const float value : losses.tensor().values()) sums.loss += static_cast<double>(value);
                   if (has_classes) sums.correct = count_correct(loss, prediction.tensor(), samples.labels);
                   sums.labels = samples.labels.size();
                 });
  Sums total;
  for (const Sums& sums : chunks) {
    total.loss += sums.loss;
    total.correct += sums.correct;
    total.labels += sums.labels;
  }
  Evaluation evaluation{.count = data.size(), .loss = 0, .accuracy = std::nullopt};
  if (data.size() > 0) evaluation.loss = total.loss / static_cast<double>(data.size());
  if (has_classes && total.labels > 0) {
    evaluation.accuracy = static_cast<double>(total.correct) / static_cast<double>(total.labels);
  }
  return evaluation;
}

Tensor predict(const Layer& model, const Dataset& data, int threads) {
  Tensor outputs(model.output_shape(data.input_shape()).with_front(data.size()));
  const Index row = outputs.shape().without_front().size();
  for_each_chunk(model, data, threads, [&](Index, Index first, const Batch&, Tape&, const Value& prediction) {
    const Tensor& rows = prediction.tensor();
    std::copy_n(rows.data(), rows.size(), outputs.mutable_data() + first * row);
  });
  return outputs;
}

}  // namespace dpml
