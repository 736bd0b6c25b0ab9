#include "dpml/audit/audit.h"

#include <algorithm>
#include <cmath>

#include "account_checks.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "dpml/train/run.h"
#include "dpml/train/weights.h"
#include "findings.h"
#include "owner_checks.h"
#include "plan_checks.h"

namespace dpml {

namespace {

void check_digests(Findings& findings) {
  const std::vector<std::string> mismatches = verify_digests(findings.stored);
  if (mismatches.empty()) {
    findings.add("digests", Verdict::passed,
                 "config, weights, ledger and claim are the ones this file was written with");
  }
  for (const std::string& mismatch : mismatches) findings.add("digests", Verdict::failed, mismatch);
}

void check_record(Findings& findings, const AuditOptions& options) {
  if (!options.record) return;
  findings.add("record", findings.stored.stored.record == *options.record,
               "the file has the record digest that was kept",
               "the file has another record digest than the one that was kept: it is another file, or was changed");
}

std::string sampler_text(const Experiment& experiment) {
  switch (experiment.privacy.sampler) {
    case SamplerKind::poisson:
      return "Poisson sampling";
    case SamplerKind::full_batch:
      return "full batches";
  }
  throw InternalError("SamplerKind: not one of the enumerated values");
}

/// Of what the ledger tells, not of what was meant.
std::string noise_text(const Ledger& ledger) {
  const bool has_noise = std::none_of(ledger.entries().begin(), ledger.entries().end(), [](const LedgerEntry& entry) {
    return entry.event.get_if<NonPrivate>() != nullptr;
  });
  if (ledger.releases() == 0) return "nothing released";
  return has_noise ? "Gaussian noise" : "no noise at all";
}

std::string claim_text(const Guarantee& claim, const std::string& unit) {
  return "epsilon " + to_text(claim.epsilon) + " at delta " + to_text(claim.delta) + " for one unit (" +
         printable(unit) + ") under " + to_text(claim.neighbours);
}

std::string statement_of(const Findings& findings, bool has_owner) {
  const ModelFile& model = findings.model();
  std::string text = claim_text(model.claim, model.unit);
  if (findings.experiment) {
    text += ", with " + sampler_text(*findings.experiment) + " and " + noise_text(model.ledger);
  }
  text += ", by the " + printable(model.claim.accountant) + " accountant";
  if (claims_with_earlier_runs(model.initial_weights)) {
    text += ", of this run and " + counted(std::ssize(model.earlier_runs), "run") + " before it";
  }
  for (const ClaimOfOthers& others : model.claims_of_others) {
    text += "; for people of earlier runs " + claim_text(others.claim, others.unit);
  }
  return text + (has_owner ? "; checked from the file and its run's owner/" : "; checked from the file alone");
}

/// Cheap checks first: accountants are asked last, and only about what the config plans.
AuditReport checked(StoredModel stored, const std::optional<RunFolder>& folder, const AuditOptions& options) {
  Findings findings{.stored = std::move(stored), .experiment = {}, .claimed_for = {}, .whole_plan = {}, .report = {}};
  findings.report.claim = findings.model().claim;
  findings.report.claims_of_others = findings.model().claims_of_others;
  findings.report.record_digest = findings.stored.stored.record;
  findings.add("file", Verdict::passed,
               "byte for byte what dpml writes for its content, in version " +
                   std::to_string(findings.model().format_version) + " of the format");
  check_digests(findings);
  check_record(findings, options);
  if (check_config(findings)) {
    check_words(findings);
    check_ledger(findings);
    check_delta(findings);
    check_weights(findings);
  }
  check_owner(findings, folder);
  if (findings.experiment) check_claims(findings);
  check_protection(findings);
  findings.report.statement = statement_of(findings, folder && std::filesystem::exists(folder->owner()));
  return std::move(findings.report);
}

AuditReport refused(const NotAsWritten& reason) {
  AuditReport report{.checks = {}, .claim = {}, .claims_of_others = {}, .record_digest = {}, .statement = {}};
  report.checks.push_back({"file", Verdict::failed, reason.what()});
  report.claim.epsilon = std::numeric_limits<double>::infinity();
  return report;
}

}  // namespace

bool AuditReport::passed() const {
  return std::none_of(checks.begin(), checks.end(),
                      [](const AuditCheck& check) { return check.verdict == Verdict::failed; });
}

AuditReport audit(const std::filesystem::path& run, const AuditOptions& options) {
  std::optional<RunFolder> folder;
  std::filesystem::path file = run;
  if (std::filesystem::is_directory(run)) {
    folder = RunFolder{run};
    file = folder->model();
    if (!std::filesystem::exists(file)) {
      throw FileError(file.string() + ": no such file; a run leaves it when it ends or is stopped");
    }
  }
  try {
    return checked(read_stored_model(file, require_believable_weights), folder, options);
  } catch (const NotAsWritten& reason) {
    return refused(reason);
  }
}

}  // namespace dpml
