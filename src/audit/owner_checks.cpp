#include "owner_checks.h"

#include <algorithm>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/config/build_model.h"
#include "dpml/config/parse_config.h"
#include "dpml/io/checkpoint.h"
#include "dpml/io/journal.h"
#include "dpml/random/rng.h"
#include "dpml/train/weights.h"

namespace dpml {

namespace {

/// The weights that a run releases whose checkpoint this is: the running average, where there is one.
std::vector<NamedTensor> released_weights(const Checkpoint& checkpoint, const Experiment& experiment) {
  if (experiment.averaging.decay == 0 || experiment.program) return checkpoint.weights;
  require_weights(checkpoint.weights, experiment, "the checkpoint");
  Rng unused(Key::from_seed(0), Purpose::initialisation);
  const auto model = build_model(experiment.model, experiment.train.sample_shape, unused);
  load_weights(*model, checkpoint.weights, "the checkpoint");
  auto average = checkpoint.averages.begin();
  for (const NamedParameter& parameter : named_parameters(*model)) {
    if (!parameter.parameter->trainable()) continue;
    if (average == checkpoint.averages.end()) throw FileError("the checkpoint lacks averages of its weights");
    parameter.parameter->set((average++)->value);
  }
  return named_weights(*model);
}

/// Where training began must be told alike; "" when it is.
std::string other_beginning(const ModelFile& model, const Checkpoint& checkpoint) {
  const auto same_run = [](const EarlierRun& a, const EarlierRun& b) {
    return a.record == b.record && a.unit == b.unit && a.accountant == b.accountant && a.delta == b.delta &&
           a.initial_weights == b.initial_weights && a.fixed_in_advance == b.fixed_in_advance && a.charged == b.charged;
  };
  if (model.initial_weights != checkpoint.initial_weights) {
    return "the run began from weights of origin " + to_text(checkpoint.initial_weights) + ", the model says " +
           to_text(model.initial_weights);
  }
  if (model.initial_model != checkpoint.initial_model) return "the run began from another model than the file says";
  if (model.format_version > 1 && model.initial_weights_digest != checkpoint.initial_weights_digest) {
    return "the run began with other weights than the file says";
  }
  if (!std::equal(model.earlier_runs.begin(), model.earlier_runs.end(), checkpoint.earlier_runs.begin(),
                  checkpoint.earlier_runs.end(), same_run)) {
    return "the runs before are not those that the run carries along";
  }
  return "";
}

/// Weights and steps, where checkpoint and model stand at the same release; "" when they agree.
std::string other_end(const ModelFile& model, const Checkpoint& checkpoint, const Experiment& experiment) {
  if (checkpoint.ledger.releases() != model.ledger.releases()) return "";
  if (checkpoint.steps != model.steps) {
    return "the run had taken " + counted(checkpoint.steps, "step") + " by then, the model says " +
           group_digits(model.steps);
  }
  if (digest_of(released_weights(checkpoint, experiment)) == digest_of(model.weights)) return "";
  return "the weights are not those that the run ended with";
}

std::string problem_of(const Findings& findings, const Checkpoint& checkpoint) {
  const ModelFile& model = findings.model();
  const Experiment trained = parse_stored_config(checkpoint.config, "checkpoint", checkpoint.format_version);
  if (trained.text_to_resume != findings.experiment->text_to_resume) {
    return "the run was trained by another config than the model says";
  }
  if (!covers(checkpoint.ledger, model.ledger)) {
    return "the ledger claims releases that the checkpoint of the run does not hold";
  }
  const std::string beginning = other_beginning(model, checkpoint);
  return beginning.empty() ? other_end(model, checkpoint, *findings.experiment) : beginning;
}

void check_checkpoint(Findings& findings, const RunFolder& folder) {
  try {
    const std::string problem = problem_of(findings, read_checkpoint(folder.checkpoint(), require_believable_weights));
    findings.add("checkpoint", problem.empty(),
                 "the run was trained by the config of the model, and began and ended so", problem);
  } catch (const Error& error) {
    findings.add("checkpoint", Verdict::failed, error.what());
  }
}

bool knows_model(const Findings& findings, const JournalContents& journal) {
  return std::any_of(journal.models.begin(), journal.models.end(), [&](const JournalModel& model) {
    return model.record == findings.stored.stored.record && model.releases == findings.model().ledger.releases();
  });
}

void check_journal(Findings& findings, const RunFolder& folder) {
  try {
    const JournalContents journal = read_journal(folder.journal());
    const std::uint64_t claimed = findings.model().ledger.releases();
    const std::uint64_t counted_releases = journal.ledger.releases();
    if (!covers(journal.ledger, findings.model().ledger)) {
      findings.add("journal", Verdict::failed, "the ledger claims releases that the journal of the run does not hold");
    } else if (journal.version > 1 && !knows_model(findings, journal)) {
      findings.add("journal", Verdict::failed,
                   "the run did not write this model file: its journal knows no model of this record after " +
                       counted(claimed, "release"));
    } else if (counted_releases > claimed) {
      // Only a journal that knows its models can tell an older one from a ledger that was cut.
      findings.add(
          "journal", journal.version > 1 ? Verdict::warning : Verdict::failed,
          "after this model was written came " + counted(counted_releases - claimed, "release") +
              (journal.version > 1 ? ", no part of its claim" : ", or its ledger was cut; resume the run to its end"));
    } else {
      findings.add("journal", Verdict::passed,
                   "the ledger holds all that the journal of the run counts" +
                       std::string(journal.version > 1 ? ", and it knows this model file" : ""));
    }
  } catch (const Error& error) {
    findings.add("journal", Verdict::failed, error.what());
  }
}

std::string began_sentence(const ModelFile& model) {
  switch (model.initial_weights) {
    case InitialWeights::random:
      return "the file says that its weights were drawn at random";
    case InitialWeights::public_data:
      return "the config states that the weights it began from hold nobody's data";
    case InitialWeights::same_people:
      return "the config states that the weights it began from saw the same people, and the file carries their ledgers";
    case InitialWeights::disjoint_people:
      return "the config states that the weights it began from saw other people";
    case InitialWeights::unknown:
      return "the file does not say whose data the weights it began from had seen";
  }
  throw InternalError("InitialWeights: not one of the enumerated values");
}

}  // namespace

void check_owner(Findings& findings, const std::optional<RunFolder>& folder) {
  const bool has_owner = folder && std::filesystem::exists(folder->owner());
  if (has_owner) {
    check_journal(findings, *folder);
    if (findings.experiment) check_checkpoint(findings, *folder);
  }
  findings.add("initial weights", Verdict::not_checkable,
               began_sentence(findings.model()) +
                   (has_owner ? "; no file shows whether it is so"
                              : "; that cannot be checked from this file alone: the run's owner/, or a record digest "
                                "that was kept, shows whether it was changed"));
  if (has_owner) return;
  findings.add("owner", Verdict::not_checkable,
               "there is no owner/ beside the file, so whether more was released than its ledger says is not known");
}

}  // namespace dpml
