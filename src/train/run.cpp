#include "dpml/train/run.h"

#include <chrono>
#include <cmath>
#include <set>

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
#include "dpml/train/initial_model.h"
#include "dpml/train/open_dataset.h"
#include "dpml/train/run_memory.h"
#include "dpml/train/trainer.h"
#include "dpml/train/weights.h"
#include "owner_log.h"
#include "release.h"

namespace dpml {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::unique_ptr<Layer> fresh_model(const Experiment& experiment) {
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

/// What a run begins with: a new one its initial model, one that goes on what its checkpoint says of it.
struct Beginning {
  std::optional<Checkpoint> checkpoint;
  InitialModel initial;
};

/// The checkpoint of a run that was begun with this config.
Checkpoint read_begun(const Experiment& experiment, const RunFolder& folder) {
  if (!std::filesystem::exists(folder.checkpoint())) {
    throw ConfigError(folder.path.string() + ": there is no run to resume (" + folder.checkpoint().string() +
                      " is missing); start one without --resume");
  }
  Checkpoint checkpoint = read_checkpoint(folder.checkpoint(), require_believable_weights);
  const Experiment started =
      parse_stored_config(checkpoint.config, folder.checkpoint().string() + ": config", checkpoint.format_version);
  if (started.text_to_resume != experiment.text_to_resume) {
    throw ConfigError(folder.path.string() +
                      ": the run was started with another config; only `runtime` may differ when a run is resumed, but "
                      "for its initial_model, because the guarantee was planned for the config it began with");
  }
  return checkpoint;
}

Beginning beginning_of(const Experiment& experiment, const RunFolder& folder, bool resumes) {
  require_memory(run_memory(experiment));
  if (!resumes) return {.checkpoint = {}, .initial = read_initial_model(experiment)};
  Beginning beginning{.checkpoint = read_begun(experiment, folder), .initial = {}};
  beginning.initial.record = beginning.checkpoint->initial_model;
  beginning.initial.earlier_runs = beginning.checkpoint->earlier_runs;
  return beginning;
}

PrivacyOptions after(const PrivacyOptions& privacy, const std::vector<EarlierRun>& earlier_runs) {
  PrivacyOptions options = privacy;
  options.earlier_runs = earlier_runs;
  return options;
}

/// One run from start or checkpoint to its end; owns what lives that long.
class Run {
 public:
  Run(const Experiment& experiment, const RunOptions& options)
      : experiment_(experiment),
        options_(options),
        folder_{options.folder},
        beginning_(beginning_of(experiment, folder_, options.resume)),
        plan_(after(experiment.privacy, beginning_.initial.earlier_runs)),
        data_(open_dataset(experiment.train)),
        test_(experiment.test ? open_dataset(*experiment.test) : nullptr),
        model_(first_model()),
        trainer_(*model_, *data_, plan_,
                 {.loss = experiment.loss,
                  .optimizer = experiment.optimizer,
                  .schedule = experiment.schedule,
                  .averaging = experiment.averaging,
                  .threads = experiment.runtime.threads,
                  .physical_batch = experiment.runtime.physical_batch}) {
    require_usable_rows(trainer_.rows(), "data.train (" + data_->origin().inputs + ")");
    if (!test_) return;
    test_rows_ =
        check_rows(*test_, row_schema(*model_, test_->input_shape(), experiment.loss), experiment.runtime.threads);
    require_usable_rows(test_rows_, "data.test (" + test_->origin().inputs + ")");
  }

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
  std::unique_ptr<Layer> first_model();
  void start();
  void resume();
  void close_owner_folder();
  void resume_journal(const Ledger& saved);
  RunResult train();
  RunResult result_of(const ModelFile& model, double seconds) const;
  void report_progress(double seconds, std::uint64_t steps_in_part);
  double epsilon_so_far();
  void save();
  ModelFile write_model();
  void write_rows() const;
  void end_epoch(double seconds, const std::optional<Evaluation>& test);
  std::optional<Evaluation> evaluate_released();
  void notice(const std::string& sentence) const {
    if (options_.on_notice) options_.on_notice(sentence);
  }

  const Experiment& experiment_;
  const RunOptions& options_;
  RunFolder folder_;
  Beginning beginning_;
  TrainingPlan plan_;
  std::unique_ptr<TensorDataset> data_;
  std::unique_ptr<TensorDataset> test_;
  std::string initial_weights_digest_;
  std::unique_ptr<Layer> model_;
  Trainer trainer_;
  RowCounts test_rows_;
  std::unique_ptr<JournalFile> journal_;
  OwnerLog log_;
  std::string record_;                         // of the model file that was written
  StopBasis stop_basis_ = StopBasis::nothing;  // the worst that stops of this run rested on
  // The accountant's answer for so many releases, kept because one takes milliseconds.
  struct Answer {
    std::uint64_t releases;
    double epsilon;
  };
  std::optional<Answer> progress_;
};

std::string sentence_about(InitialWeights origin, bool has_ledger, const std::string& source) {
  const std::string start = "starting from the weights of " + source;
  switch (origin) {
    case InitialWeights::random:
      return "";
    case InitialWeights::public_data:
      return start + ", which hold nobody's data, as the config states" +
             (has_ledger ? "; but they came from a private training: where its people are to be protected, too, state "
                           "SAME_PEOPLE or DISJOINT_PEOPLE"
                         : "");
    case InitialWeights::same_people:
      return start + "; what was released before about the same people is counted, too";
    case InitialWeights::disjoint_people:
      return start + " about other people; what is claimed for them is told beside this run's claim";
    case InitialWeights::unknown:
      return start + "; whose data they have seen is not stated, so this run claims nothing (epsilon infinity)";
  }
  throw InternalError("InitialWeights: not one of the enumerated values");
}

/// The weights that were read, and the model's own where none was.
std::vector<NamedTensor> with_fresh(std::vector<NamedTensor> read, Layer& model) {
  std::set<std::string> names;
  for (const NamedTensor& weight : read) names.insert(weight.name);
  for (NamedTensor& weight : named_weights(model)) {
    if (!names.contains(weight.name)) read.push_back(std::move(weight));
  }
  return read;
}

/// The model with the weights that the run began with; a run that goes on loads others over them.
std::unique_ptr<Layer> Run::first_model() {
  std::unique_ptr<Layer> model = fresh_model(experiment_);
  if (beginning_.checkpoint) {
    initial_weights_digest_ = beginning_.checkpoint->initial_weights_digest;
    return model;
  }
  if (experiment_.runtime.initial_model) {
    const std::string source = printable(experiment_.runtime.initial_model->string());
    load_weights(*model, with_fresh(beginning_.initial.weights, *model), source);
    beginning_.initial.weights.clear();
    if (!beginning_.initial.not_used.empty()) notice(source + ": " + beginning_.initial.not_used);
    notice(sentence_about(*experiment_.privacy.initial_weights, beginning_.initial.has_ledger, source));
  }
  initial_weights_digest_ = digest_of(named_weights(*model));
  return model;
}

void Run::close_owner_folder() {
  if (make_private_folder(folder_.owner())) return;
  notice(folder_.owner().string() + ": others had rights on this folder or on files in it; they have none any more");
}

void Run::start() {
  for (const std::filesystem::path& file : {folder_.model(), folder_.checkpoint(), folder_.journal()}) {
    if (std::filesystem::exists(file)) {
      throw ConfigError(folder_.path.string() + ": this folder holds a run already (" + file.filename().string() +
                        "); go on with it by --resume, or choose another folder");
    }
  }
  close_owner_folder();
  // The checkpoint comes first: from here on the run can be resumed, and nothing has been released yet.
  save();
  journal_ = JournalFile::create(folder_.journal(), plan_.options().neighbours);
  log_ = OwnerLog(folder_.log());
  write_rows();
}

void Run::resume() {
  const Checkpoint& checkpoint = *beginning_.checkpoint;
  close_owner_folder();
  load_weights(*model_, checkpoint.weights, folder_.checkpoint().string());
  TrainerState state = trainer_.state();
  state.step = checkpoint.steps;
  state.optimizer.clear();
  for (const NamedTensor& tensor : checkpoint.optimizer) state.optimizer.push_back({tensor.name, tensor.value});
  state.averages.clear();
  for (const NamedTensor& tensor : checkpoint.averages) state.averages.push_back(tensor.value);
  trainer_.restore(state);
  stop_basis_ = checkpoint.stop_basis;
  resume_journal(checkpoint.ledger);
  remove_leftovers(folder_.checkpoint());  // the journal is ours alone now, so nobody else is writing here
  remove_leftovers(folder_.model());
  log_ = OwnerLog(folder_.log());
  write_rows();
}

void Run::resume_journal(const Ledger& saved) {
  // A run that was killed right after its first checkpoint has no journal, or one without a whole first line.
  if (!is_begun_journal(folder_.journal())) {
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
    notice("lost after the last checkpoint: " + counted(lost, "release") +
           ", which stay paid for, so the run ends that many steps earlier");
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
    if (trainer_.steps() % steps_per_epoch == 0) {
      const bool evaluates = test_ && experiment_.runtime.evaluate_every_epoch;
      end_epoch(seconds_since(start), evaluates ? evaluate_released() : std::nullopt);
    }
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
  if (stopped && options_.stop_basis > stop_basis_) {
    stop_basis_ = options_.stop_basis;
    saved = false;
  }
  if (!saved) save();
  RunResult result = result_of(write_model(), seconds);
  result.test = evaluate_released();
  if (log_.has_steps()) end_epoch(seconds, result.test);  // of the epoch that was begun
  return result;
}

RunResult Run::result_of(const ModelFile& model, double seconds) const {
  return {.finished = model.ending == Ending::finished,
          .steps = trainer_.steps(),
          .releases = trainer_.ledger().releases(),
          .planned = plan_.options().steps,
          .ending = model.ending,
          .guarantee = model.claim,
          .claims_of_others = model.claims_of_others,
          .record = record_,
          .noise_multiplier = plan_.noise_multiplier(),
          .parameters = count_parameters(*model_),
          .seconds = seconds};
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
    ledger.append(event_of(plan_.mechanism()), counted - releases);
    progress_ = {counted, plan_.schedule_guarantee(ledger).epsilon};
  }
  return progress_->epsilon;
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

void Run::end_epoch(double seconds, const std::optional<Evaluation>& test) {
  log_.end_row(trainer_.steps(), static_cast<double>(trainer_.steps()) * plan_.sampler().sampling_rate(), seconds,
               test);
}

void Run::write_rows() const {
  std::vector<RowsOfData> data{{"train", trainer_.rows(), data_->origin().rows}};
  if (test_) data.push_back({"test", test_rows_, test_->origin().rows});
  replace_file(folder_.rows(), rows_table(data));
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
                                          .stop_basis = stop_basis_,
                                          .initial_weights = *experiment_.privacy.initial_weights,
                                          .initial_model = beginning_.initial.record,
                                          .initial_weights_digest = initial_weights_digest_,
                                          .earlier_runs = beginning_.initial.earlier_runs,
                                          .dpml_version = kVersion,
                                          .ledger = trainer_.ledger(),
                                          .claim = plan_.guarantee()});
}

ModelFile Run::write_model() {
  const bool is_finished = !plan_.allows_another(trainer_.ledger());
  ModelFile model = release_of(plan_, trainer_.ledger(), is_finished ? Ending::finished : ending_of(stop_basis_));
  model.config = experiment_.text;
  model.averaged = experiment_.averaging.decay > 0;
  model.steps = trainer_.steps();
  model.initial_model = beginning_.initial.record;
  model.initial_weights_digest = initial_weights_digest_;
  trainer_.with_released_weights([&] { model.weights = named_weights(*model_); });
  record_ = digests_of(model).record;
  // The journal first: a model that it does not know is not this run's.
  journal_->record_model(record_);
  journal_->sync();
  write_model_file(folder_.model(), model);
  return model;
}

}  // namespace

std::filesystem::path model_file_of(const std::filesystem::path& run) {
  std::error_code ignored;
  return std::filesystem::is_directory(run, ignored) ? RunFolder{run}.model() : run;
}

RunResult run_training(const Experiment& experiment, const RunOptions& options) {
  return Run(experiment, options)();
}

Experiment experiment_of(const ModelFile& model, const std::filesystem::path& source) {
  Experiment experiment = parse_stored_config(model.config, source.string() + ": config", model.format_version);
  if (experiment.program) {
    throw ConfigError(source.string() + ": was trained by the program \"" + printable(*experiment.program) +
                      "\", which alone knows the layers of its model");
  }
  require_weights(model.weights, experiment, source.string());
  return experiment;
}

LoadedModel load_model(const std::filesystem::path& model_file) {
  const ModelFile file = read_model_file(model_file, require_believable_weights);
  Experiment experiment = experiment_of(file, model_file);
  std::unique_ptr<Layer> model = fresh_model(experiment);
  load_weights(*model, file.weights, model_file.string());
  return {std::move(experiment), std::move(model)};
}

}  // namespace dpml
