#pragma once

#include <memory>
#include <vector>

#include "dpml/accounting/ledger.h"
#include "dpml/data/dataset.h"
#include "dpml/dpsgd/training_plan.h"
#include "dpml/layers/layer.h"
#include "dpml/layers/losses.h"
#include "dpml/optim/averaging.h"
#include "dpml/optim/optimizer.h"
#include "dpml/train/batch_layout.h"

namespace dpml {

/// What decides speed and taste of a training; nothing here decides privacy.
struct TrainingOptions {
  Loss loss = Loss::cross_entropy;
  OptimizerOptions optimizer;
  ScheduleOptions schedule;
  AveragingOptions averaging;
  int threads = 0;           ///< 0: one for each core; does not change a bit of the result
  Index physical_batch = 0;  ///< 0: planned from the model
};

/// 0 -> the number of cores this process may use.
int resolved_threads(int threads);

/// What one step saw. Private: for the owner of the data, not covered by any guarantee.
struct StepFigures {
  Index batch_size = 0;  ///< samples that were drawn
  double mean_loss = 0;  ///< before the update; 0 for an empty batch
};

/// All that a training needs to go on. Tensors share the trainer's numbers until its next step.
struct TrainerState {
  std::uint64_t step = 0;
  std::vector<Tensor> weights;  ///< trainable and frozen parameters, in memory order
  std::vector<OptimizerState> optimizer;
  std::vector<Tensor> averages;  ///< empty without averaging
};

/// DP-SGD (Abadi et al. 2016, algorithm 1), one logical batch at a time. Training without privacy is the same path with
/// noise 0 and an infinite clip bound.
class Trainer {
 public:
  /// model and data must outlive the trainer. Throws ConfigError when the options do not fit the model or the data.
  Trainer(Layer& model, const Dataset& data, const TrainingPlan& plan, const TrainingOptions& options);
  ~Trainer();

  /// One release and one update, or false when the plan allows no more; the batch may be empty. When it throws, the
  /// weights are as before the step.
  bool step();

  std::uint64_t steps() const;  ///< updates so far, over all resumed parts
  const Ledger& ledger() const;
  /// Takes over what earlier parts of the run released. Throws PrivacyError after the first step, and when the rest of
  /// the plan would exceed its budget.
  void resume_ledger(Ledger ledger);
  /// From now on every release is written there first.
  void set_journal(LedgerJournal* journal);

  const StepFigures& last_step() const;
  const BatchLayout& layout() const;
  const TrainingPlan& plan() const;

  TrainerState state() const;
  void restore(const TrainerState& state);

  /// The model as it should be released: with the averaged weights while `use` runs, where averaging is on.
  template <class Use>
  void with_released_weights(Use&& use) {
    swap_averages();
    try {
      use();
    } catch (...) {
      swap_averages();
      throw;
    }
    swap_averages();
  }

  /// Leaves the model as it should be released, for good. No step may follow.
  void keep_released_weights();

 private:
  void swap_averages();
  void add_batch(std::uint64_t mask_key);
  void add_groups(struct LaneWork& work, std::uint64_t mask_key);

  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Trains until the plan is used up and returns the ledger; the short way for programs that embed dpml. The model then
/// holds the released weights.
Ledger train(Layer& model, const Dataset& data, const TrainingPlan& plan, const TrainingOptions& options);

}  // namespace dpml
