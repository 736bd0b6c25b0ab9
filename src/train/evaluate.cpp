#include "dpml/train/evaluate.h"

#include <algorithm>
#include <exception>
#include <numeric>
#include <vector>

#include "dpml/data/physical_batch.h"
#include "dpml/train/trainer.h"

namespace dpml {

namespace {

constexpr Index kChunk = 64;

/// Calls work(chunk number, samples, prediction) for all samples, in pieces, in parallel.
template <class Work>
void for_each_chunk(const Layer& model, const Dataset& data, int threads, Work&& work) {
  std::vector<Index> all(static_cast<std::size_t>(data.size()));
  std::iota(all.begin(), all.end(), Index{0});
  const Index chunks = physical_batch_count(data.size(), kChunk);
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(chunks));
#pragma omp parallel for num_threads(resolved_threads(threads)) schedule(dynamic, 1)
  for (Index chunk = 0; chunk < chunks; ++chunk) {
    try {
      Batch samples;
      data.read(physical_batch(all, kChunk, chunk), samples);
      Tape tape({.training = false, .gradients = false, .sample_ids = samples.sample_ids, .mask_key = 0});
      const Value prediction = model.forward(tape, tape.sample(samples.inputs));
      work(chunk, samples, tape, prediction);
    } catch (...) {
      errors[static_cast<std::size_t>(chunk)] = std::current_exception();
    }
  }
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace

Evaluation evaluate(const Layer& model, const Dataset& data, Loss loss, int threads) {
  const auto chunks = static_cast<std::size_t>(physical_batch_count(data.size(), kChunk));
  std::vector<double> losses(chunks);
  std::vector<std::optional<Index>> correct(chunks);
  for_each_chunk(model, data, threads, [&](Index chunk, const Batch& samples, Tape& tape, const Value& prediction) {
    const auto place = static_cast<std::size_t>(chunk);
    const Value values = loss_value(loss, tape, prediction, samples.labels);
    for (const float value : values.tensor().values()) losses[place] += static_cast<double>(value);
    correct[place] = count_correct(loss, prediction.tensor(), samples.labels);
  });
  Evaluation evaluation{.count = data.size(), .loss = 0, .accuracy = std::nullopt};
  if (data.size() == 0) return evaluation;
  const auto count = static_cast<double>(data.size());
  evaluation.loss = std::accumulate(losses.begin(), losses.end(), 0.0) / count;
  if (std::all_of(correct.begin(), correct.end(), [](const auto& number) { return number.has_value(); })) {
    evaluation.accuracy =
        std::accumulate(correct.begin(), correct.end(), 0.0,
                        [](double sum, const auto& number) { return sum + static_cast<double>(*number); }) /
        count;
  }
  return evaluation;
}

Tensor predict(const Layer& model, const Dataset& data, int threads) {
  Tensor outputs(model.output_shape(data.input_shape()).with_front(data.size()));
  const Index row = outputs.shape().without_front().size();
  for_each_chunk(model, data, threads, [&](Index chunk, const Batch&, Tape&, const Value& prediction) {
    const Tensor& rows = prediction.tensor();
    std::copy_n(rows.data(), rows.size(), outputs.mutable_data() + chunk * kChunk * row);
  });
  return outputs;
}

}  // namespace dpml
