#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dpml/accounting/ledger.h"
#include "dpml/data/dataset.h"
#include "dpml/dpsgd/training_plan.h"
#include "dpml/io/ending.h"
#include "dpml/layers/layer.h"
#include "dpml/layers/losses.h"
#include "dpml/optim/averaging.h"
#include "dpml/optim/optimizer.h"
#include "dpml/train/batch_layout.h"
#include "dpml/train/check_rows.h"

namespace dpml {

/// What decides speed and taste of a training; nothing here decides privacy.
struct TrainingOptions {
  LossOptions loss = Loss::cross_entropy;
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
  Index not_finite = 0;  ///< of them, those whose loss is infinite or NaN
  double mean_loss = 0;  ///< of the others, before the update; 0 when there are none
};

/// All that a training needs to go on. Tensors share the trainer's numbers until its next step.
struct TrainerState {
  std::uint64_t step = 0;
  std::vector<Tensor> weights;  ///< trainable and frozen parameters, in memory order
  std::vector<OptimizerState> optimizer;
  std::vector<Tensor> averages;    ///< empty without averaging
  bool figures_were_read = false;  ///< last_step() was asked for, in this part of the training or one before it
};

/// What a program says of a model that it trained and now releases.
struct ReleaseStatement {
  std::string
      program;  ///< its name and version: "ward 7 triage 1.2"; stands in the file in the place of a config's model
  /// On what it rested that training stopped before the plan was used up. Not stated, it counts as resting on what was
  /// released, which a program may say by silence only while it never asked for last_step().
  std::optional<StopBasis> stop_basis = std::nullopt;
};

/// DP-SGD (Abadi et al. 2016, algorithm 1), one logical batch at a time. Training without privacy is the same path with
/// noise 0 and an infinite clip bound.
class Trainer {
 public:
  /// model and data must outlive the trainer. Every row is read once and checked against what model and loss need, so
  /// that none can end the training after something was released: throws DataError naming its place, or what check_rows
  /// and row_schema throw. Throws ConfigError when the options do not fit the model or the data, DivergenceError when
  /// the weights are not finite.
  Trainer(Layer& model, const Dataset& data, const TrainingPlan& plan, const TrainingOptions& options);
  ~Trainer();

  /// One release and one update, or false when the plan allows no more; the batch may be empty. Throws DivergenceError
  /// when a weight is not finite after the update: then there is no model, and every further step throws. When anything
  /// else is thrown, the weights are as before the step.
  bool step();

  std::uint64_t steps() const;  ///< updates so far, over all resumed parts
  const Ledger& ledger() const;
  /// Takes over what earlier parts of the run released. Throws PrivacyError after the first step, and when the rest of
  /// the plan would exceed its budget.
  void resume_ledger(Ledger ledger);
  /// From now on every release is written there first.
  void set_journal(LedgerJournal* journal);

  /// Private figures. A training that ends early after they were read has to say on what that rested (write_model).
  const StepFigures& last_step() const;
  const RowCounts& rows() const;  ///< private, as the rows are
  const BatchLayout& layout() const;
  const TrainingPlan& plan() const;

  TrainerState state() const;
  /// Throws ConfigError when the state belongs to another model, DivergenceError when a weight in it is not finite.
  void restore(const TrainerState& state);

  /// The model as it should be released: with the averaged weights while `use` runs, where averaging is on. Throws
  /// DivergenceError when a weight is not finite.
  template <class Use>
  void with_released_weights(Use&& use) {
    require_not_over();
    require_finite_weights();
    swap_averages();
    try {
      use();
    } catch (...) {
      swap_averages();
      throw;
    }
    swap_averages();
  }

  /// Writes the model as it should be released, with ledger and claim, to a file that `dpml audit` judges, in one step
  /// (dpml/io/model_file.h). Its record digest is returned; kept elsewhere, it shows whether the file was changed.
  /// Throws PrivacyError when the plan does not state whose data the initial weights have seen
  /// (PrivacyOptions::initial_weights), and when it is not stated on what an early end rested although last_step() was
  /// read; DataError when the data has no row, or none with finite inputs, so that nothing was learnt; ConfigError when
  /// the options cannot be written down as a config; FileError when the disk refuses; DivergenceError when a weight is
  /// not finite.
  std::string write_model(const std::filesystem::path& path, const ReleaseStatement& statement);

  /// Leaves the model as it should be released, for good, and gives the ledger of what was released for it. The trainer
  /// is used up, std::move(trainer).keep_released_weights(): a step after it, and whatever else would touch the
  /// weights, throws PrivacyError. Throws DivergenceError when a weight is not finite.
  Ledger keep_released_weights() &&;

 private:
  void look_at_weights();
  void require_not_over() const;
  void require_finite_weights() const;
  void swap_averages();
  void add_batch(ClippedSum& sum, std::uint64_t mask_key);
  void add_groups(ClippedSum& sum, struct LaneWork& work, std::uint64_t mask_key);

  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Trains until the plan is used up and returns the ledger; the short way for programs that embed dpml. The model then
/// holds the released weights. Throws DataError when no row has finite inputs.
Ledger train(Layer& model, const Dataset& data, const TrainingPlan& plan, const TrainingOptions& options);

}  // namespace dpml
