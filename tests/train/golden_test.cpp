// Whole steps against PyTorch. Tolerances are relative to the largest number of a tensor: everything here is computed
// in float32 (unit roundoff 6e-8) by sums of some hundred terms at most, PyTorch's side in float64.

#include "train/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "dpml/data/physical_batch.h"
#include "dpml/data/tensor_dataset.h"
#include "dpml/dpsgd/clipped_sum.h"
#include "dpml/train/trainer.h"
#include "dpml/train/weights.h"

namespace dpml {
namespace {

constexpr double kTolerance = 1e-5;

class GoldenTest : public testing::TestWithParam<std::string> {
 protected:
  const std::string name_ = GetParam();
  const Golden golden_ = read_golden(name_);
  const Index samples_ = golden_.inputs.axis(0);
  const TensorDataset data_{golden_.inputs, golden_.labels};
  const std::unique_ptr<Layer> model_ = golden_model(name_, golden_);
  /// Clips to the bound of PyTorch's figures: dpml clips to a little less than it states.
  const double clip_bound_ = golden_.clip_bound * (1 + ClipRule::kRoundingSlack);

  std::vector<Parameter*> parameters() const {
    std::vector<Parameter*> parameters;
    for (const NamedParameter& named : named_parameters(*model_)) parameters.push_back(named.parameter);
    return parameters;
  }

  /// Calls use(tape, losses, the first sample, number of the physical batch) for all samples in physical batches of
  /// `size` or less.
  template <class Use>
  void for_each_physical_batch(Index size, Use&& use) const {
    std::vector<Index> all(static_cast<std::size_t>(samples_));
    std::iota(all.begin(), all.end(), Index{0});
    Batch batch;
    for (Index number = 0; number < physical_batch_count(samples_, size); ++number) {
      const std::span<const Index> rows = physical_batch(all, size, number);
      data_.read(rows, batch);
      Tape tape;
      const Value prediction = model_->forward(tape, tape.sample(batch.inputs));
      use(tape, loss_value(golden_.loss, tape, prediction, batch.labels), rows.front(), number);
    }
  }

  /// The sum of all samples' gradients as a mechanism without noise gives it away, divided by `divisor`.
  NoisyGradient released_sum(double clip_bound, double divisor, Index physical_batch, int lanes) const {
    const Mechanism mechanism = GaussianMechanism(Sampler::full_batch(), 0, clip_bound, divisor);
    ClippedSum sum = SumMemory(mechanism, ClipRule::flat(clip_bound), parameters(), lanes).begin();
    for_each_physical_batch(physical_batch, [&](Tape& tape, const Value& losses, Index, Index number) {
      sum.begin_group(static_cast<int>(number % lanes));
      sum.add(static_cast<int>(number % lanes), tape, losses);
    });
    Ledger ledger(Neighbours::add_or_remove_one);
    return release(mechanism, std::move(sum), ledger, Key::from_seed(1));
  }
};

/// `got`, in file order, differs from `expected` by less than the tolerance times the largest number of `scale`, plus
/// `roundings` float roundings of the largest number expected.
void expect_near(const std::vector<NamedTensor>& got, const std::vector<GoldenTensor>& expected,
                 const std::vector<GoldenTensor>& scale, double roundings = 0) {
  const auto largest = [](const GoldenTensor& tensor) {
    double result = 0;
    for (const double value : tensor.values) result = std::max(result, std::abs(value));
    return result;
  };
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].name, expected[i].name);
    ASSERT_EQ(got[i].value.size(), std::ssize(expected[i].values));
    const double limit = kTolerance * largest(scale[i]) + roundings * 0x1p-24 * largest(expected[i]);
    for (std::size_t j = 0; j < expected[i].values.size(); ++j) {
      ASSERT_LE(std::abs(got[i].value.values()[j] - expected[i].values[j]), limit) << got[i].name << ", number " << j;
    }
  }
}

/// Weights after a run. Their changes are small beside them, so changes are the scale; the weights themselves are
/// rounded in every step.
void expect_trained(Layer& model, const Golden& golden, const GoldenRun& run) {
  std::vector<GoldenTensor> changes = run.weights;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    for (std::size_t j = 0; j < changes[i].values.size(); ++j) {
      changes[i].values[j] -= static_cast<double>(golden.initial_weights[i].value.values()[j]);
    }
  }
  expect_near(named_weights(model), run.weights, changes, static_cast<double>(run.steps));
}

/// The tensors of a gradient under the names of the parameters and in file order.
std::vector<NamedTensor> in_file_order(Layer& model, const std::vector<Tensor>& tensors) {
  std::vector<NamedTensor> named;
  const std::vector<NamedParameter> parameters = named_parameters(model);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const bool is_kernel = tensors[i].shape().rank() == 4;
    const Parameter gradient("gradient", tensors[i],
                             is_kernel ? WeightOrder::channels_last_kernel : WeightOrder::as_in_files);
    named.push_back({parameters[i].name, gradient.in_file_order()});
  }
  return named;
}

class NormSink final : public GradientSink {
 public:
  explicit NormSink(Index batch) : squared_norms(static_cast<std::size_t>(batch)) {}
  void accept(const Parameter&, PerSampleGrad gradient) override { gradient.add_squared_norms(squared_norms); }
  std::vector<double> squared_norms;
};

TEST_P(GoldenTest, LossesAndPerSampleNormsAreThoseOfPyTorch) {
  for (const Index size : {Index{1}, Index{2}, Index{3}, samples_}) {
    for_each_physical_batch(size, [&](Tape& tape, const Value& losses, Index first, Index) {
      NormSink sink(losses.shape()[0]);
      tape.backward(losses, sink);
      for (Index i = 0; i < losses.shape()[0]; ++i) {
        const auto sample = static_cast<std::size_t>(first + i);
        const double loss = golden_.losses[sample];
        const double norm = golden_.gradient_norms[sample];
        EXPECT_NEAR(losses.tensor().data()[i], loss, kTolerance * loss) << "sample " << sample << " of batch " << size;
        EXPECT_NEAR(std::sqrt(sink.squared_norms[static_cast<std::size_t>(i)]), norm, kTolerance * norm)
            << "sample " << sample << " of batch " << size;
      }
    });
  }
}

TEST_P(GoldenTest, SumsOfGradientsAreThoseOfPyTorchForAnyPhysicalBatch) {
  for (const Index size : {Index{1}, Index{2}, Index{3}, samples_}) {
    for (const int lanes : {1, 3}) {
      SCOPED_TRACE("physical batch " + std::to_string(size) + ", lanes " + std::to_string(lanes));
      const double unbounded = std::numeric_limits<double>::infinity();
      expect_near(in_file_order(*model_, released_sum(unbounded, 1, size, lanes).tensors()), golden_.gradient_sum,
                  golden_.gradient_sum);
      expect_near(in_file_order(*model_, released_sum(clip_bound_, 1, size, lanes).tensors()), golden_.clipped_sum,
                  golden_.clipped_sum);
    }
  }
}

TEST_P(GoldenTest, StepsTakenByHandLeadToTheWeightsOfPyTorch) {
  for (const GoldenRun& run : golden_.runs) {
    SCOPED_TRACE("optimizer " + std::to_string(&run - golden_.runs.data()));
    load_weights(*model_, golden_.initial_weights, "the initial weights");
    const auto optimizer = make_optimizer(run.optimizer, {}, run.steps, parameters());
    for (std::uint64_t step = 0; step < run.steps; ++step) {
      optimizer->apply(released_sum(clip_bound_, golden_.expected_batch_size, 3, 2), step);
    }
    expect_trained(*model_, golden_, run);
  }
}

TEST_P(GoldenTest, TheTrainerLeadsToTheWeightsOfPyTorchForAnyPhysicalBatchAndThreads) {
  PrivacyOptions privacy;
  privacy.unit = "one row";
  privacy.sampler = SamplerKind::full_batch;
  privacy.sampling_rate = 1;
  privacy.expected_batch_size = golden_.expected_batch_size;
  privacy.clip_bound = clip_bound_;
  privacy.delta = 1e-5;
  privacy.noise_multiplier = 0;
  privacy.seed = 1;  // of the groups in which samples are added up
  for (const GoldenRun& run : golden_.runs) {
    privacy.steps = run.steps;
    const TrainingPlan plan(privacy);
    std::string digest;
    for (const Index physical_batch : {0, 2, 5}) {
      SCOPED_TRACE("optimizer " + std::to_string(&run - golden_.runs.data()) + ", physical batch " +
                   std::to_string(physical_batch));
      for (const int threads : {1, 3}) {
        load_weights(*model_, golden_.initial_weights, "the initial weights");
        TrainingOptions options{.loss = golden_.loss, .optimizer = run.optimizer, .schedule = {}, .averaging = {}};
        options.threads = threads;
        options.physical_batch = physical_batch;
        const Ledger ledger = train(*model_, data_, plan, options);
        EXPECT_EQ(ledger.releases(), run.steps);
        expect_trained(*model_, golden_, run);
        if (digest.empty()) digest = digest_of(named_weights(*model_));
        EXPECT_EQ(digest_of(named_weights(*model_)), digest) << threads << " threads change the result";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenTest, testing::Values("mlp", "cnn", "embedding", "regression"),
                         [](const auto& suite) { return suite.param; });

}  // namespace
}  // namespace dpml
