#include "dpml/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <numeric>
#include <span>

#include "dpml/base/error.h"
#include "dpml/base/parallel.h"
#include "dpml/base/text.h"
#include "dpml/config/parse_config.h"
#include "dpml/data/physical_batch.h"
#include "dpml/dpsgd/clipped_sum.h"
#include "dpml/dpsgd/sample_groups.h"
#include "dpml/io/model_file.h"
#include "dpml/layers/sample_mixing.h"
#include "dpml/random/stream.h"
#include "dpml/train/weights.h"
#include "release.h"

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
  Index not_finite = 0;  // losses that are not added up
  double seconds = 0;    // of one core
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
  RowCounts rows;
  BatchLayout layout;
  SumMemory memory;
  std::unique_ptr<Optimizer> optimizer;
  WeightAverage average;
  std::uint64_t step = 0;
  bool weights_are_finite = true;
  bool is_over = false;  // the released weights were kept
  StepFigures figures;
  bool figures_were_read = false;
  std::string initial_weights_digest;
  // Reused from step to step.
  std::vector<DrawnRow> batch;
  SampleGroups groups;
  std::vector<Index> longest_first;  // groups
  std::vector<LaneWork> work;
  ThreadGauge gauge;
  double seconds_per_sample = 0;  // of one core, as last measured; 0 before the first batch
};

namespace {

std::vector<Parameter*> parameters_of(Layer& model) {
  std::vector<Parameter*> parameters;
  for (const NamedParameter& named : named_parameters(model)) parameters.push_back(named.parameter);
  return parameters;
}

/// CLOCK_THREAD_CPUTIME_ID is the processor time of the calling thread: what a busy machine takes from it does not
/// count.
double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
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
    work[lane].not_finite = 0;
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
  // Names the layer when model and data do not fit, and the row that the model cannot use, before anything is released.
  const RowSchema schema = row_schema(model, data.input_shape(), options.loss);
  if (plan.clip_rule().needs_norms()) require_samples_apart(model, schema);
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
      .memory = SumMemory(plan.mechanism(), plan.clip_rule(), parameters, layout.lanes),
      .optimizer = make_optimizer(options.optimizer, options.schedule, plan.options().steps, parameters, threads),
      .average = WeightAverage(options.averaging, parameters),
      .step = 0,
      .weights_are_finite = true,
      .is_over = false,
      .figures = {},
      .figures_were_read = false,
      .initial_weights_digest = digest_of(named_weights(model)),
      .batch = {},
      .groups = {},
      .longest_first = {},
      .work = std::vector<LaneWork>(static_cast<std::size_t>(layout.lanes)),
  });
  look_at_weights();
  require_finite_weights();
}

Trainer::~Trainer() = default;

bool Trainer::step() {
  Parts& parts = *parts_;
  require_not_over();
  if (!parts.plan.allows_another(parts.ledger)) return false;
  require_finite_weights();
  // The number of the release, not of the update, names the streams: a release lost in a crash is never drawn again.
  const std::uint64_t release = parts.ledger.releases();
  parts.plan.sampler().draw(parts.key, release, parts.data.size(), parts.batch);
  parts.groups.form(parts.batch, parts.layout.least_groups);
  ClippedSum sum = parts.memory.begin();
  add_batch(sum, Stream(parts.key, Purpose::dropout, release, 0).next_u64());
  const NoisyGradient gradient = dpml::release(parts.plan.mechanism(), std::move(sum), parts.ledger, parts.key,
                                               SingleProcess(), parts.gauge.most(parts.threads));
  parts.weights_are_finite = parts.optimizer->apply(gradient, parts.step) && parts.weights_are_finite;
  parts.average.update(parts.step);
  ++parts.step;
  require_finite_weights();
  return true;
}

void Trainer::require_not_over() const {
  if (parts_->is_over) throw PrivacyError("the released weights were kept for good, so this training is over");
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
  throw DivergenceError("after " + counted(parts_->step, "step") +
                        " the weights are not finite any more (infinite or not a number), so training ends and "
                        "no model is written; what was released so far (" +
                        counted(parts_->ledger.releases(), "release") +
                        ") stays paid for. A smaller learning rate, or less noise, keeps weights finite");
}

void Trainer::add_batch(ClippedSum& sum, std::uint64_t mask_key) {
  Parts& parts = *parts_;
  if (parts.groups.samples() == 0) {  // no thread is woken, and the gauge learns nothing
    parts.figures = {};
    return;
  }
  share_out(parts.groups, parts.longest_first, parts.work);
  const auto samples = static_cast<double>(parts.groups.samples());
  const int threads = parts.gauge.threads_for(samples * parts.seconds_per_sample, parts.threads);
  const double start = seconds_of(CLOCK_MONOTONIC);
  parallel_for(threads, std::ssize(parts.work),
               [&](std::int64_t i) { add_groups(sum, parts.work[static_cast<std::size_t>(i)], mask_key); });
  double losses = 0;
  Index not_finite = 0;
  double seconds = 0;
  for (const LaneWork& work : parts.work) {
    losses += work.losses;
    not_finite += work.not_finite;
    seconds += work.seconds;
  }
  parts.gauge.took(threads, seconds_of(CLOCK_MONOTONIC) - start, seconds);
  const Index finite = parts.groups.samples() - not_finite;
  parts.figures = {.batch_size = parts.groups.samples(),
                   .not_finite = not_finite,
                   .mean_loss = finite == 0 ? 0 : losses / static_cast<double>(finite)};
  parts.seconds_per_sample = seconds / samples;
}

void Trainer::add_groups(ClippedSum& sum, LaneWork& work, std::uint64_t mask_key) {
  Parts& parts = *parts_;
  const double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  const bool is_private = parts.plan.clip_rule().needs_norms();
  const Index size = parts.layout.physical_batch;
  Batch samples;
  for (const Index number : work.groups) {
    const std::span<const Index> group = parts.groups.group(number);
    sum.begin_group(work.lane);
    for (Index i = 0; i < physical_batch_count(std::ssize(group), size); ++i) {
      parts.data.read(physical_batch(group, size, i), samples);
      Tape tape({.training = true,
                 .gradients = true,
                 .sample_ids = samples.sample_ids,
                 .mask_key = mask_key,
                 .products = is_private ? Products::own : Products::library});
      const Value prediction = parts.model.forward(tape, tape.sample(samples.inputs));
      const Value losses = loss_value(parts.options.loss, tape, prediction, samples.labels);
      for (const float loss : losses.tensor().values()) {
        if (std::isfinite(loss)) {
          work.losses += static_cast<double>(loss);
        } else {
          ++work.not_finite;
        }
      }
      sum.add(work.lane, tape, losses);
    }
  }
  work.seconds = seconds_of(CLOCK_THREAD_CPUTIME_ID) - start;
}

std::uint64_t Trainer::steps() const {
  return parts_->step;
}
const Ledger& Trainer::ledger() const {
  return parts_->ledger;
}
const StepFigures& Trainer::last_step() const {
  parts_->figures_were_read = true;
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
                     .averages = parts_->average.averages(),
                     .figures_were_read = parts_->figures_were_read};
  for (const Parameter* parameter : parts_->parameters) state.weights.push_back(parameter->tensor());
  return state;
}

void Trainer::restore(const TrainerState& state) {
  require_not_over();
  if (state.weights.size() != parts_->parameters.size()) {
    throw ConfigError("the saved state has " + counted(std::ssize(state.weights), "weight") + ", the model has " +
                      std::to_string(parts_->parameters.size()) + "; resume with the config that started the run");
  }
  for (std::size_t i = 0; i < state.weights.size(); ++i) parts_->parameters[i]->set(state.weights[i]);
  parts_->optimizer->restore(state.optimizer);
  parts_->average.restore(state.averages);
  parts_->step = state.step;
  parts_->figures_were_read = parts_->figures_were_read || state.figures_were_read;
  look_at_weights();
  require_finite_weights();
}

std::string Trainer::write_model(const std::filesystem::path& path, const ReleaseStatement& statement) {
  const Parts& parts = *parts_;
  require_usable_rows(parts.rows, parts.data.source_of(SamplePart::input));
  const PrivacyOptions& privacy = parts.plan.options();
  if (!privacy.initial_weights) {
    throw PrivacyError(
        "a model file claims something for all of training, so PrivacyOptions::initial_weights has to state whose data "
        "the weights had seen that it began with: InitialWeights::random when they were drawn for it");
  }
  const bool is_finished = !parts.plan.allows_another(parts.ledger);
  if (!is_finished && parts.figures_were_read && !statement.stop_basis) {
    throw PrivacyError(
        "training ends before its plan is used up, and the program has read last_step(), which nobody paid for: state "
        "in ReleaseStatement::stop_basis on what the end rested");
  }
  ModelFile model =
      release_of(parts.plan, parts.ledger,
                 is_finished ? Ending::finished : ending_of(statement.stop_basis.value_or(StopBasis::releases)));
  model.config = describe_program(statement.program, privacy, parts.options.loss, parts.options.optimizer,
                                  parts.options.schedule, parts.options.averaging);
  model.averaged = parts.options.averaging.decay > 0;
  model.steps = parts.step;
  model.initial_weights_digest = parts.initial_weights_digest;
  if (!privacy.earlier_runs.empty()) model.initial_model = privacy.earlier_runs.back().record;
  with_released_weights([&] { model.weights = named_weights(parts_->model); });
  write_model_file(path, model);
  return digests_of(model).record;
}

Ledger Trainer::keep_released_weights() && {
  require_not_over();
  require_finite_weights();
  swap_averages();
  parts_->is_over = true;
  return parts_->ledger;
}

void Trainer::swap_averages() {
  parts_->average.swap_with_parameters();
}

Ledger train(Layer& model, const Dataset& data, const TrainingPlan& plan, const TrainingOptions& options) {
  Trainer trainer(model, data, plan, options);
  require_usable_rows(trainer.rows(), data.source_of(SamplePart::input));
  while (trainer.step()) {
  }
  return std::move(trainer).keep_released_weights();
}

}  // namespace dpml
