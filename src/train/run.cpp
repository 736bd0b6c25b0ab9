#include "dpml/train/run.h"

#include <chrono>
#include <cmath>

#include "dpml/base/error.h"
#include "dpml/base/file.h"
#include "dpml/base/text.h"
#include "dpml/base/version.h"
#include "dpml/config/build_model.h"
#include "dpml/config/parse_config.h"
#include "dpml/io/checkpoint.h"
#include "dpml/io/journal.h"
#include "dpml/io/model_file.h"
#include "dpml/random/rng.h"
#include "dpml/train/open_dataset.h"
#include "dpml/train/trainer.h"
#include "dpml/train/weights.h"
#include "owner_log.h"

namespace dpml {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::unique_ptr<Sequential> fresh_model(const Experiment& experiment) {
  const Key key = experiment.privacy.seed ? Key::from_seed(*experiment.privacy.seed) : Key::secure();
  Rng init(key, Purpose::initialisation);
  return build_model(experiment.model, experiment.train.sample_shape, init);
}

/// The tensors under the names of the trainable parameters; in memory order, for this program alone.
std::vector<NamedTensor> named_averages(Layer& model, const std::vector<Tensor>& averages) {
  std::vector<NamedTensor> named;
  std::size_t next = 0;
  for (const NamedParameter& parameter : named_parameters(model)) {
    if (parameter.parameter->trainable() && next < averages.size()) named.push_back({parameter.name, averages[next++]});
  }
  return named;
}

/// One run from start or checkpoint to its end; owns what lives that long.
class Run {
 public:
  Run(const Experiment& experiment, const RunOptions& options)
      : experiment_(experiment),
        options_(options),
        folder_{options.folder},
        plan_(experiment.privacy),
        data_(open_dataset(experiment.train)),
        test_(experiment.test ? open_dataset(*experiment.test) : nullptr),
        model_(fresh_model(experiment)),
        initial_model_(options.resume ? "" : load_initial_model()),
        trainer_(*model_, *data_, plan_,
                 {.loss = experiment.loss,
                  .optimizer = experiment.optimizer,
                  .schedule = experiment.schedule,
                  .averaging = experiment.averaging,
                  .threads = experiment.runtime.threads,
                  .physical_batch = experiment.runtime.physical_batch}) {}

  RunResult operator()() {
    if (options_.resume) {
      resume();
    } else {
      start();
    }
    trainer_.set_journal(journal_.get());
    return train();
  }

 private:
  std::string load_initial_model();
  void start();
  void resume();
  void resume_journal(const Ledger& saved);
  RunResult train();
  void report_progress(double seconds, std::uint64_t steps_in_part);
  double epsilon_so_far();
  const Guarantee& claim();
  void save();
  void write_model();
  void end_epoch(double seconds);
  std::optional<Evaluation> evaluate_released();
  void notice(const std::string& sentence) const {
    if (options_.on_notice) options_.on_notice(sentence);
  }

  const Experiment& experiment_;
  const RunOptions& options_;
  RunFolder folder_;
  TrainingPlan plan_;
  std::unique_ptr<Dataset> data_;
  std::unique_ptr<Dataset> test_;
  std::unique_ptr<Sequential> model_;
  std::string initial_model_;  // record digest of the file that the weights began from, or ""
  Trainer trainer_;
  std::unique_ptr<JournalFile> journal_;
  OwnerLog log_;
  // Answers of the accountant, kept because one takes milliseconds: for so many releases.
  struct Answer {
    std::uint64_t releases;
    Guarantee guarantee;
  };
  std::optional<Answer> claim_;
  std::optional<Answer> progress_;
};

std::string Run::load_initial_model() {
  if (!experiment_.runtime.initial_model) return "";
  const std::filesystem::path& source = *experiment_.runtime.initial_model;
  const ModelFile initial = read_model_file(source);
  load_weights(*model_, initial.weights, source.string());
  notice("starting from the weights of " + source.string() +
         "; the guarantee covers this run alone: for people whose data that model saw, its own epsilon " +
         to_text(initial.claim.epsilon) + " comes on top");
  return digests_of(initial).record;
}

void Run::start() {
  for (const std::filesystem::path& file : {folder_.model(), folder_.checkpoint(), folder_.journal()}) {
    if (std::filesystem::exists(file)) {
      throw ConfigError(folder_.path.string() + ": this folder holds a run already (" + file.filename().string() +
                        "); go on with it by --resume, or choose another folder");
    }
  }
  std::error_code error;
  std::filesystem::create_directories(folder_.owner(), error);
  if (error) throw FileError(folder_.owner().string() + ": the folder cannot be made: " + error.message());
  // The checkpoint comes first: from here on the run can be resumed, and nothing has been released yet.
  save();
  journal_ = JournalFile::create(folder_.journal(), plan_.options().neighbours);
  log_ = OwnerLog(folder_.log());
}

void Run::resume() {
  if (!std::filesystem::exists(folder_.checkpoint())) {
    throw ConfigError(folder_.path.string() + ": there is no run to resume (" + folder_.checkpoint().string() +
                      " is missing); start one without --resume");
  }
  const Checkpoint checkpoint = read_checkpoint(folder_.checkpoint());
  const Experiment started = parse_config(checkpoint.config, folder_.checkpoint().string() + ": config");
  if (started.text_without_runtime != experiment_.text_without_runtime) {
    throw ConfigError(folder_.path.string() +
                      ": the run was started with another config; only `runtime` may differ when a run is "
                      "resumed, because its guarantee was planned for the config it began with");
  }
  load_weights(*model_, checkpoint.weights, folder_.checkpoint().string());
  TrainerState state = trainer_.state();
  state.step = checkpoint.steps;
  state.optimizer.clear();
  for (const NamedTensor& tensor : checkpoint.optimizer) state.optimizer.push_back({tensor.name, tensor.value});
  state.averages.clear();
  for (const NamedTensor& tensor : checkpoint.averages) state.averages.push_back(tensor.value);
  trainer_.restore(state);
  initial_model_ = checkpoint.initial_model;
  resume_journal(checkpoint.ledger);
  remove_leftovers(folder_.checkpoint());  // the journal is ours alone now, so nobody else is writing here
  remove_leftovers(folder_.model());
  log_ = OwnerLog(folder_.log());
}

void Run::resume_journal(const Ledger& saved) {
  // A run that was killed right after its first checkpoint has no journal, or one without a whole first line.
  if (!std::filesystem::exists(folder_.journal()) || read_file(folder_.journal()).find('\n') == std::string::npos) {
    if (saved.releases() > 0) {
      throw PrivacyError(folder_.journal().string() +
                         ": the ledger's journal is missing or was never begun, so nobody knows what the run "
                         "released after its last checkpoint; it cannot go on");
    }
    journal_ = JournalFile::create(folder_.journal(), plan_.options().neighbours);
    return;
  }
  JournalFile::Reopened reopened = JournalFile::reopen(folder_.journal());
  if (!covers(reopened.contents.ledger, saved)) {
    throw PrivacyError(
        folder_.journal().string() +
        ": the journal counts less than the checkpoint has released; it belongs to another run or was changed, and "
        "this one cannot go on");
  }
  journal_ = std::move(reopened.file);
  const std::uint64_t lost = reopened.contents.ledger.releases() - saved.releases();
  if (lost > 0) {
    notice(
        group_digits(lost) +
        " releases after the last checkpoint were lost; they stay paid for, so the run ends that many steps earlier");
  }
  trainer_.resume_ledger(std::move(reopened.contents.ledger));
}

RunResult Run::train() {
  const auto start = Clock::now();
  auto last_progress = start;
  auto last_save = start;
  const std::uint64_t first = trainer_.steps();
  const auto steps_per_epoch =
      static_cast<std::uint64_t>(std::max(1.0, std::round(1 / plan_.sampler().sampling_rate())));
  bool stopped = false;
  bool saved = false;
  while (!stopped && trainer_.step()) {
    saved = false;
    log_.add(trainer_.last_step());
    if (trainer_.steps() % steps_per_epoch == 0) end_epoch(seconds_since(start));
    if (options_.on_progress && seconds_since(last_progress) > 0.25) {
      report_progress(seconds_since(start), trainer_.steps() - first);
      last_progress = Clock::now();
    }
    if (seconds_since(last_save) >= experiment_.runtime.checkpoint_every_seconds) {
      save();
      saved = true;
      last_save = Clock::now();
    }
    stopped = options_.stop_requested && options_.stop_requested();
  }
  const double seconds = seconds_since(start);
  if (options_.on_progress) report_progress(seconds, trainer_.steps() - first);
  if (!saved) save();
  write_model();
  return {.finished = !plan_.allows_another(trainer_.ledger()),
          .steps = trainer_.steps(),
          .releases = trainer_.ledger().releases(),
          .planned = plan_.options().steps,
          .guarantee = claim(),
          .noise_multiplier = plan_.noise_multiplier(),
          .parameters = count_parameters(*model_),
          .seconds = seconds,
          .test = evaluate_released()};
}

const Guarantee& Run::claim() {
  const Ledger& ledger = trainer_.ledger();
  if (!claim_ || claim_->releases != ledger.releases()) claim_ = {ledger.releases(), plan_.guarantee(ledger)};
  return claim_->guarantee;
}

/// The schedule is fixed in advance, so each of its prefixes has a guarantee of its own.
double Run::epsilon_so_far() {
  const std::uint64_t planned = plan_.options().steps;
  const std::uint64_t part = std::max<std::uint64_t>(1, planned / 50);
  const std::uint64_t releases = trainer_.ledger().releases();
  const std::uint64_t counted =
      plan_.allows_another(trainer_.ledger()) ? std::min(planned, (releases / part + 1) * part) : releases;
  if (!progress_ || progress_->releases != counted) {
    Ledger ledger = trainer_.ledger();
    ledger.append(plan_.mechanism().event(), counted - releases);
    progress_ = {counted, plan_.schedule_guarantee(ledger)};
  }
  return progress_->guarantee.epsilon;
}

void Run::report_progress(double seconds, std::uint64_t steps_in_part) {
  const std::uint64_t left = plan_.options().steps - trainer_.ledger().releases();
  const double rate = seconds > 0 ? static_cast<double>(steps_in_part) / seconds : 0;
  options_.on_progress({.step = trainer_.steps(),
                        .steps = trainer_.steps() + left,
                        .epoch = static_cast<double>(trainer_.steps()) * plan_.sampler().sampling_rate(),
                        .steps_per_second = rate,
                        .seconds_left = rate > 0 ? static_cast<double>(left) / rate : 0,
                        .epsilon = epsilon_so_far()});
}

void Run::end_epoch(double seconds) {
  const bool evaluates = test_ && experiment_.runtime.evaluate_every_epoch;
  log_.end_row(trainer_.steps(), static_cast<double>(trainer_.steps()) * plan_.sampler().sampling_rate(), seconds,
               evaluates ? evaluate_released() : std::nullopt);
}

std::optional<Evaluation> Run::evaluate_released() {
  if (!test_) return std::nullopt;
  std::optional<Evaluation> evaluation;
  trainer_.with_released_weights(
      [&] { evaluation = evaluate(*model_, *test_, experiment_.loss, experiment_.runtime.threads); });
  return evaluation;
}

void Run::save() {
  // What rests on a release may become durable only after the line that pays for it.
  if (journal_) journal_->sync();
  const TrainerState state = trainer_.state();
  std::vector<NamedTensor> optimizer;
  for (const OptimizerState& tensor : state.optimizer) optimizer.push_back({tensor.name, tensor.value});
  write_checkpoint(folder_.checkpoint(), {.config = experiment_.text,
                                          .steps = state.step,
                                          .weights = named_weights(*model_),
                                          .optimizer = std::move(optimizer),
                                          .averages = named_averages(*model_, state.averages),
                                          .initial_model = initial_model_,
                                          .dpml_version = kVersion,
                                          .ledger = trainer_.ledger(),
                                          .claim = claim()});
}

void Run::write_model() {
  const PrivacyOptions& privacy = plan_.options();
  ModelFile file{
      .config = experiment_.text,
      .weights = {},
      .averaged = experiment_.averaging.decay > 0,
      .steps = trainer_.steps(),
      .unit = privacy.unit,
      .noise_key = privacy.seed ? "a chosen seed: not private" : "the operating system's entropy, never stored",
      .initial_model = initial_model_,
      .notes = {"The guarantee holds for real arithmetic: noise in double precision is added to sums of float32 "
                "gradients; attacks on the rounding of floating-point numbers are not covered."},
      .dpml_version = kVersion,
      .ledger = trainer_.ledger(),
      .claim = claim()};
  file.notes.insert(file.notes.end(), file.claim.notes.begin(), file.claim.notes.end());
  if (!file.claim.method.empty() && file.claim.method != file.claim.accountant) {
    file.notes.push_back("Epsilon is by " + file.claim.method + ", asked for " + file.claim.accountant + ".");
  }
  trainer_.with_released_weights([&] { file.weights = named_weights(*model_); });
  write_model_file(folder_.model(), file);
}

}  // namespace

RunResult run_training(const Experiment& experiment, const RunOptions& options) {
  return Run(experiment, options)();
}

LoadedModel load_model(const std::filesystem::path& model_file) {
  const ModelFile file = read_model_file(model_file);
  Experiment experiment = parse_config(file.config, model_file.string() + ": config");
  std::unique_ptr<Sequential> model = fresh_model(experiment);
  load_weights(*model, file.weights, model_file.string());
  return {std::move(experiment), std::move(model)};
}

}  // namespace dpml
