#include "plan_checks.h"

#include <algorithm>
#include <cmath>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/config/parse_config.h"
#include "dpml/dpsgd/sampler.h"
#include "dpml/train/weights.h"

namespace dpml {

namespace {

std::string releases_text(std::uint64_t count) {
  return counted(count, "release");
}

Event planned_event(const PrivacyOptions& privacy, double noise_multiplier) {
  switch (privacy.sampler) {
    case SamplerKind::poisson:
      return Sampler::poisson(privacy.sampling_rate).event(noise_multiplier);
    case SamplerKind::full_batch:
      return Sampler::full_batch().event(noise_multiplier);
  }
  throw InternalError("SamplerKind: not one of the enumerated values");
}

/// The one event of which the plan consists, with the noise of the ledger where the config leaves it to be solved for;
/// nothing when the ledger holds another.
std::optional<Event> event_of_plan(Findings& findings) {
  const PrivacyOptions& privacy = findings.experiment->privacy;
  const std::vector<LedgerEntry>& entries = findings.model().ledger.entries();
  if (entries.empty() && !privacy.noise_multiplier) {
    findings.add("sampler and noise", Verdict::passed, "nothing was released");
    return std::nullopt;
  }
  const double noise =
      privacy.noise_multiplier.value_or(entries.empty() ? 0 : noise_of(entries.front().event).value_or(0));
  const Event planned = planned_event(privacy, noise);
  const auto other =
      std::find_if(entries.begin(), entries.end(), [&](const LedgerEntry& entry) { return !(entry.event == planned); });
  const bool holds =
      findings.add("sampler and noise", other == entries.end() && noise >= 0,
                   "every release is one that the config plans: " + to_text(planned),
                   other == entries.end() ? ""
                                          : "the ledger holds " + to_text(other->event) + ", the config plans " +
                                                (privacy.noise_multiplier ? to_text(planned) : "other releases"));
  return holds ? std::optional(planned) : std::nullopt;
}

/// Releases of the whole plan. The config says how many at most; a budget may cut them.
std::uint64_t planned_releases(const Findings& findings) {
  const PrivacyOptions& privacy = findings.experiment->privacy;
  if (!findings.is_version_1()) return findings.model().planned;
  // Version 1 does not say what a budget left: what was released may be all.
  return privacy.epsilon_budget ? findings.model().ledger.releases() : privacy.steps;
}

bool check_counts(Findings& findings, std::uint64_t planned) {
  const ModelFile& model = findings.model();
  const PrivacyOptions& privacy = findings.experiment->privacy;
  const std::uint64_t releases = model.ledger.releases();
  const std::string counts =
      counted(model.steps, "step") + ", " + releases_text(releases) + ", " + group_digits(planned) + " planned";
  std::string problem;
  if (releases < model.steps) problem = "releases are missing from the ledger";
  if (releases > planned) problem = "more was released than planned";
  const bool is_as_stated = privacy.epsilon_budget ? planned <= privacy.steps : planned == privacy.steps;
  if (!is_as_stated) problem = "the config plans " + group_digits(privacy.steps);
  const bool is_whole = releases == planned;
  if (!findings.is_version_1() && (model.ending == Ending::finished) != is_whole) {
    problem = is_whole ? "the plan is used up, but the run says that it stopped"
                       : "the run says that it is finished, but its plan is not used up";
  }
  return findings.add("steps", problem.empty(), counts, counts + ": " + problem);
}

Ledger ledger_of(const Findings& findings, const Event& event, std::uint64_t count) {
  Ledger ledger(findings.model().ledger.neighbours());
  ledger.append(event, count);
  return ledger;
}

/// Only a stop that rested on nothing lets a run claim less than its plan; version 1 cannot say that of itself.
bool claims_releases_alone(const Findings& findings) {
  return !findings.is_version_1() && claims_releases_alone(findings.model().ending);
}

void check_ending(Findings& findings, std::uint64_t planned) {
  const std::uint64_t releases = findings.model().ledger.releases();
  if (releases >= planned) return;
  const std::string part = group_digits(releases) + " of " + releases_text(planned);
  if (findings.is_version_1()) {
    findings.add("ending", Verdict::warning,
                 "it stopped after " + part +
                     "; a file of version 1 cannot say on what that depended, so it has to "
                     "claim the whole plan");
    return;
  }
  switch (findings.model().ending) {
    case Ending::finished:
      return;
    case Ending::stopped_on_releases:
      findings.add("ending", Verdict::passed, "it stopped after " + part + " and has to claim the whole plan");
      return;
    case Ending::stopped_independently:
      findings.add("ending", Verdict::not_checkable,
                   "it stopped after " + part +
                       " and claims these alone, because the stop depended on nothing in the "
                       "run: its owner states so, and no file can show it");
      return;
    case Ending::stopped_on_private_figures:
      findings.add("ending", Verdict::failed,
                   "it stopped after " + part +
                       " for losses or other private figures: that moment is an output that "
                       "nobody paid for");
      return;
  }
  throw InternalError("Ending: not one of the enumerated values");
}

/// What the file says of the model that training began from, against its own words; "" when they agree.
std::string other_initial_model(const ModelFile& model) {
  switch (model.initial_weights) {
    case InitialWeights::random:
      return model.initial_model.empty() ? "" : "were drawn at random, but names a model that they are from";
    case InitialWeights::same_people:
    case InitialWeights::disjoint_people:
      return model.initial_model == model.earlier_runs.back().record
                 ? ""
                 : "are those of another model than the last run before it wrote";
    case InitialWeights::public_data:
    case InitialWeights::unknown:
      return "";
  }
  throw InternalError("InitialWeights: not one of the enumerated values");
}

/// Runs of dpml release one kind of event. A ledger of thousands, which nobody but a liar wrote, would keep an
/// accountant busy.
bool check_earlier_runs(Findings& findings) {
  const auto is_plain = [](const EarlierRun& run) {
    std::size_t kinds = 0;
    for (const LedgerEntry& entry : run.charged.entries()) {
      if (!noise_of(entry.event)) return false;
      kinds += entry.event.get_if<NonPrivate>() == nullptr ? 1 : 0;
    }
    return kinds <= 1;
  };
  const std::vector<EarlierRun>& runs = findings.model().earlier_runs;
  if (std::all_of(runs.begin(), runs.end(), is_plain)) return true;
  findings.add("earlier runs", Verdict::failed,
               "the ledger of a run before this one holds what no run of dpml releases: other events than those of one "
               "plan");
  return false;
}

/// Without a step, whatever was released and lost, the weights are still those that training began with.
void check_untouched(Findings& findings) {
  const ModelFile& model = findings.model();
  if (findings.is_version_1() || model.averaged || digest_of(model.weights) == model.initial_weights_digest) return;
  findings.add("weights", Verdict::failed, "no step was taken, but they are not those that training began with");
}

/// The accountant that a claim about this run has to be by.
std::string accountant_of_claim(const Findings& findings) {
  const ModelFile& model = findings.model();
  const PrivacyOptions& privacy = findings.experiment->privacy;
  if (!claims_with_earlier_runs(model.initial_weights)) return privacy.accountant;
  bool fixed = privacy.plans_fixed_in_advance;
  for (std::size_t i = 1; i < model.earlier_runs.size(); ++i) {
    const EarlierRun& run = model.earlier_runs[i];
    fixed = fixed && (!claims_with_earlier_runs(run.initial_weights) || run.fixed_in_advance);
  }
  return std::string(make_chain_accountant(privacy.accountant, fixed)->name());
}

std::string key_text(NoiseKey key) {
  switch (key) {
    case NoiseKey::operating_system:
      return "from the operating system's entropy, never stored";
    case NoiseKey::chosen_seed:
      return "a chosen seed, as the config says: whoever knows it can remove the noise";
  }
  throw InternalError("NoiseKey: not one of the enumerated values");
}

}  // namespace

std::optional<double> noise_of(const Event& event) {
  if (event.get_if<NonPrivate>()) return 0;
  if (const auto* gaussian = event.get_if<Gaussian>()) return gaussian->noise_multiplier;
  const auto* sampled = event.get_if<PoissonSampled>();
  const auto* gaussian = sampled == nullptr ? nullptr : sampled->inner.get_if<Gaussian>();
  return gaussian == nullptr ? std::nullopt : std::optional(gaussian->noise_multiplier);
}

bool nearly_equal(double a, double b) {
  constexpr double kRelativeTolerance = 1e-6;
  return a == b || (std::isfinite(a) && std::isfinite(b) && std::abs(a - b) <= kRelativeTolerance * std::max(a, b));
}

bool check_config(Findings& findings) {
  try {
    findings.experiment = parse_stored_config(findings.model().config, "config", findings.model().format_version);
    findings.add("config", Verdict::passed, "it is a config of dpml, in the one form in which it is stored");
    return true;
  } catch (const Error& error) {
    findings.add("config", Verdict::failed, std::string("the config inside does not describe a run: ") + error.what());
    return false;
  }
}

void check_words(Findings& findings) {
  const ModelFile& model = findings.model();
  const PrivacyOptions& privacy = findings.experiment->privacy;
  const bool same = model.claim.delta == privacy.delta && model.claim.neighbours == privacy.neighbours &&
                    model.ledger.neighbours() == privacy.neighbours && model.unit == privacy.unit &&
                    model.claim.accountant == accountant_of_claim(findings);
  findings.add("claim", same, "unit, neighbours, delta and accountant are those of the config",
               "unit, neighbours, delta or accountant of the claim or ledger are not those of the config");
  const NoiseKey key = privacy.seed ? NoiseKey::chosen_seed : NoiseKey::operating_system;
  findings.add("noise key", model.noise_key == key, key_text(key),
               "the file says " + to_text(model.noise_key) + ", the config " + to_text(key));
  const bool is_old = findings.is_version_1();
  // Version 1 knows no origin: it follows from whether there was a model to begin from.
  const bool states_model = findings.experiment->runtime.initial_model.has_value();
  const bool same_origin =
      is_old ? !states_model || !model.initial_model.empty() : model.initial_weights == privacy.initial_weights;
  const bool carries = carries_earlier_runs(model.initial_weights) == !model.earlier_runs.empty();
  if (same_origin && carries) {
    const std::string other = is_old ? "" : other_initial_model(model);
    if (!other.empty()) {
      findings.add("initial weights", Verdict::failed, "the file says that the weights training began with " + other);
    }
    return;
  }
  findings.add("initial weights", Verdict::failed,
               same_origin ? "training began from the weights of " + to_text(model.initial_weights) +
                                 ", but what was released before is not in the file"
                           : "the file says that training began from weights of origin " +
                                 to_text(model.initial_weights) + ", the config says otherwise");
}

void check_ledger(Findings& findings) {
  const std::uint64_t planned = planned_releases(findings);
  const std::optional<Event> event = event_of_plan(findings);
  const bool counts_hold = check_counts(findings, planned);
  check_ending(findings, planned);
  const bool is_empty = findings.model().ledger.entries().empty();
  if (findings.model().steps == 0) check_untouched(findings);
  if (!check_earlier_runs(findings) || !counts_hold || (!event && !is_empty)) return;
  if (!event) {  // nothing was released, and the noise that was planned is not known
    findings.claimed_for = findings.model().ledger;
    return;
  }
  findings.whole_plan = ledger_of(findings, *event, planned);
  findings.claimed_for = claims_releases_alone(findings) ? findings.model().ledger : findings.whole_plan;
}

void check_weights(Findings& findings) {
  const ModelFile& model = findings.model();
  const Experiment& experiment = *findings.experiment;
  const bool averages = experiment.averaging.decay > 0;
  if (model.averaged != averages) {
    findings.add("averaged", Verdict::failed,
                 std::string("the file says that its weights are ") + (model.averaged ? "" : "not ") +
                     "averaged, the config says otherwise");
  }
  if (experiment.program) {
    findings.add("model", Verdict::not_checkable,
                 "it was trained by the program \"" + printable(*experiment.program) +
                     "\", which alone knows the layers and the data");
  } else {
    try {
      require_weights(model.weights, experiment, "the file");
    } catch (const Error& error) {
      findings.add("weights", Verdict::failed, error.what());
      return;
    }
  }
  const std::uint64_t broken = count_non_finite(model.weights);
  findings.add("weights", broken == 0,
               experiment.program ? "they are finite" : "they fit the model of the config and are finite",
               counted(broken, "number") + " in them infinite or not a number, where training ends without a model");
}

void check_delta(Findings& findings) {
  const double delta = findings.model().claim.delta;
  const std::optional<std::uint64_t> size = findings.experiment->privacy.public_size;
  if (!size) {
    findings.add("delta", Verdict::not_checkable,
                 "whether delta " + to_text(delta) +
                     " is below one over the number of units is not known: the config states no public_size");
    return;
  }
  const bool small = delta * static_cast<double>(*size) < 1;
  const std::string compared = std::string(small ? " is" : " is not") + " below one over the public number of units (" +
                               group_digits(*size) + ")";
  findings.add("delta", small, "delta " + to_text(delta) + compared,
               "delta " + to_text(delta) + compared + ": publishing one whole row would count as private");
}

}  // namespace dpml
