#include "dpml/train/trainer.h"

#include <algorithm>
#include <ctime>
#include <numeric>
#include <span>

#include "dpml/base/error.h"
#include "dpml/base/parallel.h"
#include "dpml/data/physical_batch.h"
#include "dpml/dpsgd/sample_groups.h"
#include "dpml/random/stream.h"

namespace dpml {

int resolved_threads(int threads) {
  if (threads < 0)
    throw ConfigError("threads is " + std::to_string(threads) + ", expected 1 or more, or 0 for all cores");
  return threads > 0 ? threads : available_cores();
}

/// The groups of one lane, and what became of them.
struct LaneWork {
  int lane = 0;
  Index samples = 0;
  std::vector<Index> groups;
  double losses = 0;
  double seconds = 0;  // of one core
};

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
  std::vector<DrawnRow> batch;
  SampleGroups groups;
  std::vector<Index> longest_first;  // groups
  std::vector<LaneWork> work;
  double seconds_per_sample = 0;  // of one core, as last measured; 0 before the first batch
};

namespace {

std::vector<Parameter*> parameters_of(Layer& model) {
  std::vector<Parameter*> parameters;
  for (const NamedParameter& named : named_parameters(model)) parameters.push_back(named.parameter);
  return parameters;
}

/// Processor time of the calling thread: what a busy machine takes from it does not count.
double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Gives every group to the lane with the fewest samples so far, long groups first, and sorts the lanes by their work,
/// so that threads which take one after the other end at about the same time. A function of the groups alone.
void share_out(const SampleGroups& groups, std::vector<Index>& longest_first, std::vector<LaneWork>& work) {
  for (std::size_t lane = 0; lane < work.size(); ++lane) {
    work[lane].lane = static_cast<int>(lane);
    work[lane].samples = 0;
    work[lane].groups.clear();
    work[lane].losses = work[lane].seconds = 0;
  }
  longest_first.resize(static_cast<std::size_t>(groups.count()));
  std::iota(longest_first.begin(), longest_first.end(), Index{0});
  std::sort(longest_first.begin(), longest_first.end(), [&](Index a, Index b) {
    return std::pair(groups.group(b).size(), a) < std::pair(groups.group(a).size(), b);
  });
  const auto has_less = [](const LaneWork& a, const LaneWork& b) { return a.samples < b.samples; };
  for (const Index number : longest_first) {
    LaneWork& idlest = *std::min_element(work.begin(), work.end(), has_less);
    idlest.groups.push_back(number);
    idlest.samples += std::ssize(groups.group(number));
  }
  std::sort(work.begin(), work.end(), [](const LaneWork& a, const LaneWork& b) {
    return std::pair(b.samples, a.lane) < std::pair(a.samples, b.lane);
  });
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
      .groups = {},
      .longest_first = {},
      .work = std::vector<LaneWork>(static_cast<std::size_t>(layout.lanes)),
  });
}

Trainer::~Trainer() = default;

bool Trainer::step() {
  Parts& parts = *parts_;
  if (!parts.plan.allows_another(parts.ledger)) return false;
  // The number of the release, not of the update, names the streams: a release lost in a crash is never drawn again.
  const std::uint64_t release = parts.ledger.releases();
  parts.plan.sampler().draw(parts.key, release, parts.data.size(), parts.batch);
  parts.groups.form(parts.batch, parts.layout.least_splits);
  add_batch(Stream(parts.key, Purpose::dropout, release, 0).next_u64());
  const NoisyGradient gradient = parts.plan.mechanism().release(parts.sum, parts.ledger, parts.key, parts.threads);
  parts.optimizer->apply(gradient, parts.step);
  parts.average.update(parts.step);
  ++parts.step;
  return true;
}

void Trainer::add_batch(std::uint64_t mask_key) {
  Parts& parts = *parts_;
  parts.sum.clear();  // of a step whose release failed; its samples would count twice
  share_out(parts.groups, parts.longest_first, parts.work);
  const auto samples = static_cast<double>(parts.groups.samples());
  const int threads =
      parts.seconds_per_sample > 0 ? threads_worth(samples * parts.seconds_per_sample, parts.threads) : parts.threads;
  try {
    parallel_for(threads, std::ssize(parts.work),
                 [&](std::int64_t i) { add_groups(parts.work[static_cast<std::size_t>(i)], mask_key); });
  } catch (...) {
    parts.sum.clear();
    throw;
  }
  double losses = 0;
  double seconds = 0;
  for (const LaneWork& work : parts.work) {
    losses += work.losses;
    seconds += work.seconds;
  }
  parts.figures = {.batch_size = parts.groups.samples(), .mean_loss = samples == 0 ? 0 : losses / samples};
  if (samples > 0) parts.seconds_per_sample = seconds / samples;
}

void Trainer::add_groups(LaneWork& work, std::uint64_t mask_key) {
  Parts& parts = *parts_;
  const double start = thread_seconds();
  const bool is_private = parts.plan.clip_rule().needs_norms();
  const Index size = parts.layout.physical_batch;
  Batch samples;
  for (const Index number : work.groups) {
    const std::span<const Index> group = parts.groups.group(number);
    parts.sum.begin_group(work.lane);
    for (Index i = 0; i < physical_batch_count(std::ssize(group), size); ++i) {
      parts.data.read(physical_batch(group, size, i), samples);
      Tape tape({.training = true,
                 .gradients = true,
                 .sample_ids = samples.sample_ids,
                 .mask_key = mask_key,
                 .products = is_private ? Products::own : Products::library});
      const Value prediction = parts.model.forward(tape, tape.sample(samples.inputs));
      const Value losses = loss_value(parts.options.loss, tape, prediction, samples.labels);
      for (const float loss : losses.tensor().values()) work.losses += static_cast<double>(loss);
      parts.sum.add(work.lane, tape, losses);
    }
  }
  work.seconds = thread_seconds() - start;
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
