#include "dpml/train/trainer.h"

#include <omp.h>

#include <exception>
#include <numeric>

#include "dpml/base/error.h"
#include "dpml/data/physical_batch.h"
#include "dpml/random/stream.h"

namespace dpml {

int resolved_threads(int threads) {
  if (threads < 0)
    throw ConfigError("threads is " + std::to_string(threads) + ", expected 1 or more, or 0 for all cores");
  return threads > 0 ? threads : omp_get_num_procs();
}

struct Trainer::Parts {
  Layer& model;
  const Dataset& data;
  TrainingPlan plan;
  TrainingOptions options;
  int threads;
  std::vector<Parameter*> parameters;
  Key key;
  Ledger ledger;
  BatchLayout layout;
  ClippedSum sum;
  std::unique_ptr<Optimizer> optimizer;
  WeightAverage average;
  std::uint64_t step = 0;
  StepFigures figures;
  // Reused from step to step.
  std::vector<Index> batch;
  std::vector<double> lane_losses;
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
  model.output_shape(data.input_shape());  // throws, naming the layer, when model and data do not fit
  const BatchLayout layout = plan_batch_layout(model, data.input_shape(), count_parameters(model),
                                               plan.options().expected_batch_size, options.physical_batch);
  const int threads = resolved_threads(options.threads);
  parts_.reset(new Parts{
      .model = model,
      .data = data,
      .plan = plan,
      .options = options,
      .threads = threads,
      .parameters = parameters,
      .key = plan.options().seed ? Key::from_seed(*plan.options().seed) : Key::secure(),
      .ledger = Ledger(plan.options().neighbours),
      .layout = layout,
      .sum = ClippedSum(plan.clip_rule(), parameters, layout.lanes),
      .optimizer = make_optimizer(options.optimizer, options.schedule, plan.options().steps, parameters, threads),
      .average = WeightAverage(options.averaging, parameters),
      .step = 0,
      .figures = {},
      .batch = {},
      .lane_losses = {},
      .lane_errors = {},
  });
}

Trainer::~Trainer() = default;

bool Trainer::step() {
  Parts& parts = *parts_;
  if (!parts.plan.allows_another(parts.ledger)) return false;
  // The number of the release, not of the update, names the streams: a release lost in a crash is never drawn again.
  const std::uint64_t release = parts.ledger.releases();
  parts.plan.sampler().draw(parts.key, release, parts.data.size(), parts.batch);
  add_batch(parts.batch, Stream(parts.key, Purpose::dropout, release, 0).next_u64());
  const NoisyGradient gradient = parts.plan.mechanism().release(parts.sum, parts.ledger, parts.key, parts.threads);
  parts.optimizer->apply(gradient, parts.step);
  parts.average.update(parts.step);
  ++parts.step;
  return true;
}

void Trainer::add_batch(const std::vector<Index>& batch, std::uint64_t mask_key) {
  Parts& parts = *parts_;
  parts.sum.clear();  // of a step whose release failed; its samples would count twice
  const int lanes = parts.layout.lanes;
  const Index size = parts.layout.physical_batch;
  const Index chunks = physical_batch_count(std::ssize(batch), size);
  parts.lane_losses.assign(static_cast<std::size_t>(lanes), 0.0);
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
        for (const float loss : losses.tensor().values()) parts.lane_losses[place] += static_cast<double>(loss);
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
  const double loss = std::accumulate(parts.lane_losses.begin(), parts.lane_losses.end(), 0.0);
  parts.figures = {.batch_size = std::ssize(batch),
                   .mean_loss = batch.empty() ? 0 : loss / static_cast<double>(batch.size())};
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
    throw ConfigError("the saved state has " + std::to_string(state.weights.size()) + " weights, the model has " +
                      std::to_string(parts_->parameters.size()) + "; resume with the config that started the run");
  }
  for (std::size_t i = 0; i < state.weights.size(); ++i) parts_->parameters[i]->set(state.weights[i]);
  parts_->optimizer->restore(state.optimizer);
  parts_->average.restore(state.averages);
  parts_->step = state.step;
}

void Trainer::keep_released_weights() {
  swap_averages();
}

void Trainer::swap_averages() {
  parts_->average.swap_with_parameters();
}

Ledger train(Layer& model, const Dataset& data, const TrainingPlan& plan, const TrainingOptions& options) {
  Trainer trainer(model, data, plan, options);
  while (trainer.step()) {
  }
  trainer.keep_released_weights();
  return trainer.ledger();
}

}  // namespace dpml
