#include "dpml/audit/audit.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/config/build_model.h"
#include "dpml/config/parse_config.h"
#include "dpml/dpsgd/training_plan.h"
#include "dpml/io/checkpoint.h"
#include "dpml/io/journal.h"
#include "dpml/io/model_file.h"
#include "dpml/random/rng.h"
#include "dpml/train/run.h"
#include "dpml/train/weights.h"

namespace dpml {

namespace {

// Another version of dpml may compute the last digits differently.
constexpr double kRelativeTolerance = 1e-6;

bool nearly_equal(double a, double b) {
  // Infinity is near to nothing but itself.
  return a == b || (std::isfinite(a) && std::isfinite(b) && std::abs(a - b) <= kRelativeTolerance * std::max(a, b));
}

struct EventNumbers {
  double sampling_rate;
  double noise_multiplier;
};

std::optional<EventNumbers> numbers_of(const Event& event) {
  if (event.get_if<NonPrivate>()) return EventNumbers{1, 0};
  if (const auto* gaussian = event.get_if<Gaussian>()) return EventNumbers{1, gaussian->noise_multiplier};
  if (const auto* sampled = event.get_if<PoissonSampled>()) {
    if (const auto* gaussian = sampled->inner.get_if<Gaussian>()) {
      return EventNumbers{sampled->sampling_rate, gaussian->noise_multiplier};
    }
  }
  return std::nullopt;
}

bool same_event(const Event& a, const Event& b) {
  const auto left = numbers_of(a);
  const auto right = numbers_of(b);
  return a.kind().index() == b.kind().index() && left && right && left->sampling_rate == right->sampling_rate &&
         nearly_equal(left->noise_multiplier, right->noise_multiplier);
}

/// One audit: the file, and the checks so far.
class Auditor {
 public:
  explicit Auditor(StoredModel stored) : stored_(std::move(stored)), model_(stored_.model) {
    report_.claim = model_.claim;
    report_.record_digest = stored_.stored.record;
  }

  AuditReport run(const std::optional<RunFolder>& folder) {
    check_digests();
    check_epsilon();
    check_lower_bound();
    if (read_config()) {
      check_plan();
      check_claim();
      check_delta();
      check_weights();
    }
    check_key();
    if (folder) {
      check_journal(*folder);
      if (experiment_) check_checkpoint(*folder);
    }
    state_claim();
    return std::move(report_);
  }

 private:
  void add(std::string name, Verdict verdict, std::string detail) {
    report_.checks.push_back({std::move(name), verdict, std::move(detail)});
  }
  void add(std::string name, bool holds, const std::string& when_it_holds, const std::string& when_not) {
    add(std::move(name), holds ? Verdict::passed : Verdict::failed, holds ? when_it_holds : when_not);
  }

  void check_digests() {
    const std::vector<std::string> mismatches = verify_digests(stored_);
    if (mismatches.empty()) {
      add("digests", Verdict::passed, "config, weights, ledger and claim are the ones this file was written with");
    }
    for (const std::string& mismatch : mismatches) add("digests", Verdict::failed, mismatch);
  }

  void check_epsilon() {
    try {
      report_.recomputed = make_accountant(model_.claim.accountant)->epsilon_bound(model_.ledger, model_.claim.delta);
    } catch (const Error& error) {
      add("epsilon", Verdict::failed, std::string("it cannot be recomputed: ") + error.what());
      return;
    }
    const double recomputed = report_.recomputed.upper;
    const bool holds = model_.claim.epsilon >= recomputed || nearly_equal(model_.claim.epsilon, recomputed);
    const std::string figures = "claimed " + to_text(model_.claim.epsilon) + ", the ledger of " +
                                group_digits(model_.ledger.releases()) + " releases gives " + to_text(recomputed) +
                                " by " + report_.recomputed.method;
    add("epsilon", holds, figures, figures + ": the claim is too small");
  }

  /// A second opinion: what any accountant shows to be impossible is no claim, whatever its own accountant says.
  void check_lower_bound() {
    double lower = 0;
    std::string who;
    for (const std::string& name : accountant_names()) {
      try {
        const Bound bound = make_accountant(name)->epsilon_bound(model_.ledger, model_.claim.delta);
        if (bound.lower <= lower) continue;
        lower = bound.lower;
        who = bound.method;
      } catch (const Error&) {  // it cannot judge this ledger, or the claimed delta is none
      }
    }
    if (who.empty()) return;
    const bool holds = model_.claim.epsilon >= lower || nearly_equal(model_.claim.epsilon, lower);
    const std::string figures = "no epsilon below " + to_text(lower) + " holds for this ledger, by " + who;
    add("lower bound", holds, figures, figures + ": the claim cannot be true");
  }

  bool read_config() {
    try {
      experiment_ = parse_config(model_.config, "config");
      plan_.emplace(experiment_->privacy);
      return true;
    } catch (const Error& error) {
      add("config", Verdict::failed, std::string("the config inside does not describe a run: ") + error.what());
      return false;
    }
  }

  void check_plan() {
    const std::vector<LedgerEntry>& entries = model_.ledger.entries();
    const Event& planned = plan_->mechanism().event();
    const auto other = std::find_if(entries.begin(), entries.end(),
                                    [&](const LedgerEntry& entry) { return !same_event(entry.event, planned); });
    add("sampler and noise", other == entries.end(),
        "every release is the one that the config plans: " + to_text(planned),
        other == entries.end()
            ? ""
            : "the ledger holds " + to_text(other->event) + ", the config plans " + to_text(planned));
    const std::uint64_t releases = model_.ledger.releases();
    const std::string counts = group_digits(model_.steps) + " steps, " + group_digits(releases) + " releases, " +
                               group_digits(plan_->options().steps) + " planned";
    add("steps", releases >= model_.steps && releases <= plan_->options().steps, counts,
        counts +
            (releases < model_.steps ? ": releases are missing from the ledger" : ": more was released than planned"));
  }

  void check_claim() {
    const PrivacyOptions& privacy = experiment_->privacy;
    const bool same = model_.claim.delta == privacy.delta && model_.claim.neighbours == privacy.neighbours &&
                      model_.ledger.neighbours() == privacy.neighbours && model_.unit == privacy.unit &&
                      model_.claim.accountant == privacy.accountant;
    add("claim", same, "unit, neighbours, delta and accountant are those of the config",
        "unit, neighbours, delta or accountant of the claim or ledger are not those of the config");
    const std::string word = privacy.target_epsilon ? "target" : "budget";
    const std::optional<double> limit = privacy.target_epsilon ? privacy.target_epsilon : privacy.epsilon_budget;
    if (!limit) return;
    add(word, report_.recomputed.upper <= *limit || is_part_of_a_run_within_budget(),
        "within the " + word + " epsilon " + to_text(*limit), "above the " + word + " epsilon " + to_text(*limit));
  }

  /// A stopped run is within what the whole one keeps within, also where its own bound is a little less tight.
  bool is_part_of_a_run_within_budget() const {
    if (model_.claim.delta != experiment_->privacy.delta || !plan_->allows_another(model_.ledger)) return false;
    try {
      plan_->require_within_budget(model_.ledger);
      return true;
    } catch (const PrivacyError&) {
      return false;
    }
  }

  void check_delta() {
    const double size = experiment_->privacy.expected_batch_size / experiment_->privacy.sampling_rate;
    const bool small = model_.claim.delta < 1 / size;
    add("delta", small ? Verdict::passed : Verdict::warning,
        "delta " + to_text(model_.claim.delta) + (small ? " is below" : " is not below") +
            " one over the public number of units (" + to_text(std::round(size)) + ")" +
            (small ? "" : ": publishing one whole row would count as private"));
  }

  void check_weights() {
    try {
      Rng unused(Key::from_seed(0), Purpose::initialisation);
      const auto model = build_model(experiment_->model, experiment_->train.sample_shape, unused);
      load_weights(*model, model_.weights, "the file");
    } catch (const Error& error) {
      add("weights", Verdict::failed, error.what());
      return;
    }
    const std::uint64_t broken = count_non_finite(model_.weights);
    add("weights", broken == 0 ? Verdict::passed : Verdict::warning,
        broken == 0 ? "they fit the model of the config and are finite"
                    : group_digits(broken) + " of them are infinite or not a number");
  }

  void check_key() {
    const bool chosen = experiment_ && experiment_->privacy.seed.has_value();
    if (!chosen) {
      add("noise key", Verdict::passed, "from " + model_.noise_key);
    } else if (std::isinf(model_.claim.epsilon)) {
      add("noise key", Verdict::warning, "the seed was chosen, so the run is not private; it does not claim to be");
    } else {
      add("noise key", Verdict::failed,
          "the seed was chosen, so whoever knows it can remove the noise; nothing may be claimed");
    }
  }

  void check_journal(const RunFolder& folder) {
    if (!std::filesystem::exists(folder.journal())) return;
    try {
      const Ledger journal = read_journal(folder.journal()).ledger;
      if (!covers(journal, model_.ledger)) {
        add("journal", Verdict::failed, "the ledger claims releases that the journal of the run does not hold");
      } else if (journal.releases() > model_.ledger.releases()) {
        add("journal", Verdict::warning,
            group_digits(journal.releases() - model_.ledger.releases()) +
                " releases came after this model was written; they are not part of its claim");
      } else {
        add("journal", Verdict::passed, "the ledger holds all that the journal of the run counts");
      }
    } catch (const Error& error) {
      add("journal", Verdict::failed, error.what());
    }
  }

  void check_checkpoint(const RunFolder& folder) {
    if (!std::filesystem::exists(folder.checkpoint())) return;
    try {
      const Checkpoint checkpoint = read_checkpoint(folder.checkpoint());
      const Experiment trained = parse_config(checkpoint.config, "checkpoint");
      if (trained.text_without_runtime != experiment_->text_without_runtime) {
        add("checkpoint", Verdict::failed, "the run was trained by another config than the model says");
      } else if (!covers(checkpoint.ledger, model_.ledger)) {
        add("checkpoint", Verdict::failed, "the ledger claims releases that the checkpoint of the run does not hold");
      } else if (checkpoint.steps == model_.steps && !model_.averaged &&
                 digest_of(checkpoint.weights) != digest_of(model_.weights)) {
        add("checkpoint", Verdict::failed, "the weights are not those that the run ended with");
      } else {
        add("checkpoint", Verdict::passed, "the run was trained by the config of the model");
      }
    } catch (const Error& error) {
      add("checkpoint", Verdict::failed, error.what());
    }
  }

  void state_claim() {
    const std::string sampler = !experiment_ ? "a sampler that is not known"
                                : experiment_->privacy.sampler == SamplerKind::full_batch ? "full batches"
                                                                                          : "Poisson sampling";
    report_.statement = "epsilon " + to_text(model_.claim.epsilon) + " at delta " + to_text(model_.claim.delta) +
                        " for one unit (" + model_.unit + ") under " + to_text(model_.claim.neighbours) + ", with " +
                        sampler + " and Gaussian noise, by the " + model_.claim.accountant +
                        " accountant; checked from the file alone";
  }

  StoredModel stored_;
  const ModelFile& model_;
  std::optional<Experiment> experiment_;
  std::optional<TrainingPlan> plan_;
  AuditReport report_;
};

}  // namespace

bool AuditReport::passed() const {
  return std::none_of(checks.begin(), checks.end(),
                      [](const AuditCheck& check) { return check.verdict == Verdict::failed; });
}

AuditReport audit(const std::filesystem::path& run) {
  if (!std::filesystem::is_directory(run)) return Auditor(read_stored_model(run)).run(std::nullopt);
  const RunFolder folder{run};
  if (!std::filesystem::exists(folder.model())) {
    throw FileError(folder.model().string() + ": no such file; a run leaves it when it ends or is stopped");
  }
  return Auditor(read_stored_model(folder.model())).run(folder);
}

}  // namespace dpml
