#include <gtest/gtest.h>

#include <stdexcept>

#include "dpml/data/tensor_dataset.h"
#include "dpml/train/trainer.h"
#include "dpml/train/weights.h"
#include "train/golden.h"

namespace dpml {
namespace {

/// A disk that is full for a while.
class FailingJournal final : public LedgerJournal {
 public:
  void record(const Event&, std::uint64_t) override {
    if (is_full) throw std::runtime_error("no space left");
  }
  bool is_full = true;
};

TEST(Trainer, AStepThatFailedAtTheJournalIsNotPartOfTheNextOne) {
  const Golden golden = read_golden("mlp");
  const TensorDataset data(golden.inputs, golden.labels);
  PrivacyOptions privacy;
  privacy.unit = "one row";
  privacy.sampler = SamplerKind::full_batch;
  privacy.sampling_rate = 1;
  privacy.expected_batch_size = golden.expected_batch_size;
  privacy.clip_bound = golden.clip_bound;
  privacy.delta = 1e-5;
  privacy.noise_multiplier = 0;
  privacy.steps = 2;
  privacy.seed = 1;  // of the groups in which samples are added up
  const TrainingPlan plan(privacy);
  const TrainingOptions options{
      .loss = golden.loss, .optimizer = golden.runs[0].optimizer, .schedule = {}, .averaging = {}};

  const std::unique_ptr<Layer> undisturbed = golden_model("mlp", golden);
  const std::string untrained = digest_of(named_weights(*undisturbed));
  train(*undisturbed, data, plan, options);

  const std::unique_ptr<Layer> model = golden_model("mlp", golden);
  Trainer trainer(*model, data, plan, options);
  FailingJournal journal;
  trainer.set_journal(&journal);
  for (int attempt = 0; attempt < 3; ++attempt) {
    EXPECT_THROW(trainer.step(), std::runtime_error);
    EXPECT_EQ(digest_of(named_weights(*model)), untrained);
    EXPECT_EQ(trainer.ledger().releases(), 0U);
    EXPECT_EQ(trainer.steps(), 0U);
  }
  journal.is_full = false;
  while (trainer.step()) {
  }
  EXPECT_EQ(trainer.ledger().releases(), 2U);
  EXPECT_EQ(digest_of(named_weights(*model)), digest_of(named_weights(*undisturbed)))
      << "the samples of the failed attempts were added once more, beyond the clip bound";
}

}  // namespace
}  // namespace dpml
