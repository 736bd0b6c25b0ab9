#include "dpml/train/trainer.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <numeric>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/data/physical_batch.h"
#include "dpml/random/stream.h"

namespace dpml {

int resolved_threads(int threads) {
  if (threads < 0)
    throw ConfigError("threads is " + std::to_string(threads) + ", expected 1 or more, or 0 for all cores");
  return threads > 0 ? threads : omp_get_num_procs();
}

struct Trainer::Parts {
  /// What one lane saw of a step.
  struct LaneFigures {
    double losses = 0;
    Index not_finite = 0;
  };

  Layer& model;
  const Dataset& data;
  TrainingPlan plan;
  TrainingOptions options;
  int threads;
  std::vector<Parameter*> parameters;
  Key key;
  Ledger ledger;
  RowCounts rows;
  BatchLayout layout;
  ClippedSum sum;
  std::unique_ptr<Optimizer> optimizer;
  WeightAverage average;
  std::uint64_t step = 0;
  bool weights_are_finite = true;
  StepFigures figures;
  // Reused from step to step.
  std::vector<Index> batch;
  std::vector<LaneFigures> lane_figures;
  std::vector<std::exception_ptr> lane_errors;
};

namespace {

std::vector<Parameter*> parameters_of(Layer& model) {
  std::vector<Parameter*> parameters;
  for (const NamedParameter& named : named_parameters(model)) parameters.push_back(named.parameter);
  return parameters;
}

}  // namespace

Trainer::Trainer(Layer& model, const Dataset& data, const TrainingPlan& plan, const TrainingOptions& options) {
  const std::vector<Parameter*> parameters = parameters_of(model);
  // Names the layer when model and data do not fit, and the row that the model cannot use, before anything is released.
  const RowSchema schema = row_schema(model, data.input_shape(), options.loss);
  const BatchLayout layout = plan_batch_layout(model, data.input_shape(), count_parameters(model),
                                               plan.options().expected_batch_size, options.physical_batch);
  const int threads = resolved_threads(options.threads);
  const RowCounts rows = check_rows(data, schema, threads);
  parts_.reset(new Parts{
      .model = model,
      .data = data,
      .plan = plan,
      .options = options,
      .threads = threads,
      .parameters = parameters,
      .key = plan.options().seed ? Key::from_seed(*plan.options().seed) : Key::secure(),
      .ledger = Ledger(plan.options().neighbours),
      .rows = rows,
      .layout = layout,
      .sum = ClippedSum(plan.clip_rule(), parameters, layout.lanes),
      .optimizer = make_optimizer(options.optimizer, options.schedule, plan.options().steps, parameters, threads),
      .average = WeightAverage(options.averaging, parameters),
      .step = 0,
      .weights_are_finite = true,
      .figures = {},
      .batch = {},
      .lane_figures = {},
      .lane_errors = {},
  });
  look_at_weights();
  require_finite_weights();
}

Trainer::~Trainer() = default;

bool Trainer::step() {
  Parts& parts = *parts_;
  if (!parts.plan.allows_another(parts.ledger)) return false;
  require_finite_weights();
  // The number of the release, not of the update, names the streams: a release lost in a crash is never drawn again.
  const std::uint64_t release = parts.ledger.releases();
  parts.plan.sampler().draw(parts.key, release, parts.data.size(), parts.batch);
  add_batch(parts.batch, Stream(parts.key, Purpose::dropout, release, 0).next_u64());
  const NoisyGradient gradient = parts.plan.mechanism().release(parts.sum, parts.ledger, parts.key, parts.threads);
  parts.optimizer->apply(gradient, parts.step);
  parts.average.update(parts.step);
  ++parts.step;
  look_at_weights();
  require_finite_weights();
  return true;
}

void Trainer::look_at_weights() {
  const std::vector<Parameter*>& all = parts_->parameters;
  parts_->weights_are_finite = std::all_of(
      all.begin(), all.end(), [](const Parameter* parameter) { return all_finite(parameter->tensor().values()); });
}

/// Stops on released numbers alone, so that stopping tells nothing else.
void Trainer::require_finite_weights() const {
  if (parts_->weights_are_finite) return;
  if (parts_->step == 0) {
    throw DivergenceError("the weights to start from are not finite (infinite or not a number); start from others");
  }
  throw DivergenceError("after " + counted(static_cast<std::int64_t>(parts_->step), "step") +
                        " the weights are not finite any more (infinite or not a number), so training ends and there "
                        "is no model; what was released so far (" +
                        counted(static_cast<std::int64_t>(parts_->ledger.releases()), "release") +
                        ") stays paid for. A smaller learning rate, or less noise, keeps weights finite");
}

void Trainer::add_batch(const std::vector<Index>& batch, std::uint64_t mask_key) {
  Parts& parts = *parts_;
  parts.sum.clear();  // of a step whose release failed; its samples would count twice
  const int lanes = parts.layout.lanes;
  const Index size = parts.layout.physical_batch;
  const Index chunks = physical_batch_count(std::ssize(batch), size);
  parts.lane_figures.assign(static_cast<std::size_t>(lanes), {});
  parts.lane_errors.assign(static_cast<std::size_t>(lanes), nullptr);
#pragma omp parallel for num_threads(parts.threads) schedule(dynamic, 1)
  for (int lane = 0; lane < lanes; ++lane) {
    const auto place = static_cast<std::size_t>(lane);
    try {
      Batch samples;
      for (Index chunk = lane; chunk < chunks; chunk += lanes) {
        parts.data.read(physical_batch(batch, size, chunk), samples);
        Tape tape({.training = true, .gradients = true, .sample_ids = samples.sample_ids, .mask_key = mask_key});
        const Value prediction = parts.model.forward(tape, tape.sample(samples.inputs));
        const Value losses = loss_value(parts.options.loss, tape, prediction, samples.labels);
        for (const float loss : losses.tensor().values()) {
          if (std::isfinite(loss)) {
            parts.lane_figures[place].losses += static_cast<double>(loss);
          } else {
            ++parts.lane_figures[place].not_finite;
          }
        }
        parts.sum.add(lane, tape, losses);
      }
    } catch (...) {
      parts.lane_errors[place] = std::current_exception();
    }
  }
  for (const std::exception_ptr& error : parts.lane_errors) {
    if (!error) continue;
    parts.sum.clear();
    std::rethrow_exception(error);
  }
  Parts::LaneFigures total;
  for (const Parts::LaneFigures& lane : parts.lane_figures) {
    total.losses += lane.losses;
    total.not_finite += lane.not_finite;
  }
  const Index finite = std::ssize(batch) - total.not_finite;
  parts.figures = {.batch_size = std::ssize(batch),
                   .not_finite = total.not_finite,
                   .mean_loss = finite > 0 ? total.losses / static_cast<double>(finite) : 0};
}

std::uint64_t Trainer::steps() const {
  return parts_->step;
}
const Ledger& Trainer::ledger() const {
  return parts_->ledger;
}
const StepFigures& Trainer::last_step() const {
  return parts_->figures;
}
const RowCounts& Trainer::rows() const {
  return parts_->rows;
}
const BatchLayout& Trainer::layout() const {
  return parts_->layout;
}
const TrainingPlan& Trainer::plan() const {
  return parts_->plan;
}

void Trainer::resume_ledger(Ledger ledger) {
  if (parts_->ledger.releases() > 0) throw PrivacyError("a ledger can be resumed only before the first step");
  if (ledger.neighbours() != parts_->ledger.neighbours()) {
    throw PrivacyError("the ledger to resume is about other neighbours (" + to_text(ledger.neighbours()) +
                       ") than the plan (" + to_text(parts_->ledger.neighbours()) + ")");
  }
  parts_->plan.require_within_budget(ledger);
  parts_->ledger = std::move(ledger);
}

void Trainer::set_journal(LedgerJournal* journal) {
  parts_->ledger.set_journal(journal);
}

TrainerState Trainer::state() const {
  TrainerState state{.step = parts_->step,
                     .weights = {},
                     .optimizer = parts_->optimizer->state(),
                     .averages = parts_->average.averages()};
  for (const Parameter* parameter : parts_->parameters) state.weights.push_back(parameter->tensor());
  return state;
}

void Trainer::restore(const TrainerState& state) {
  if (state.weights.size() != parts_->parameters.size()) {
    throw ConfigError("the saved state has " + counted(std::ssize(state.weights), "weight") + ", the model has " +
                      std::to_string(parts_->parameters.size()) + "; resume with the config that started the run");
  }
  for (std::size_t i = 0; i < state.weights.size(); ++i) parts_->parameters[i]->set(state.weights[i]);
  parts_->optimizer->restore(state.optimizer);
  parts_->average.restore(state.averages);
  parts_->step = state.step;
  look_at_weights();
  require_finite_weights();
}

void Trainer::keep_released_weights() {
  require_finite_weights();
  swap_averages();
}

void Trainer::swap_averages() {
  parts_->average.swap_with_parameters();
}

Ledger train(Layer& model, const Dataset& data, const TrainingPlan& plan, const TrainingOptions& options) {
  Trainer trainer(model, data, plan, options);
  require_usable_rows(trainer.rows(), data.source_of(SamplePart::input));
  while (trainer.step()) {
  }
  trainer.keep_released_weights();
  return trainer.ledger();
}

}  // namespace dpml
