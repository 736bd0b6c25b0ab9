#include "dpml/audit/audit.h"

#include <algorithm>
#include <iostream>
#include <memory>

#include "commands.h"
#include "dpml/base/digest.h"
#include "dpml/base/error.h"
#include "dpml/base/text.h"
#include "output.h"

// dpml audit: does a finished run keep what it claims?

namespace dpml::tools {

namespace {

struct Request {
  std::string run;
  std::string record;
  bool json = false;
};

/// A piece of a digest would be told as a change of the file.
const CLI::Validator kDigest(
    [](std::string& value) {
      value = lower_case(value);
      return is_digest(value) ? "" : "expected a record digest, 64 hexadecimal digits";
    },
    "", "record digest");

const char* word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "ok";
    case Verdict::warning:
      return "warning";
    case Verdict::not_checkable:
      return "not checkable";
    case Verdict::failed:
      return "FAILED";
  }
  throw InternalError("Verdict: not one of the enumerated values");
}

bool claims_nothing(const AuditReport& report) {
  return std::any_of(report.checks.begin(), report.checks.end(), [](const AuditCheck& check) {
    return check.verdict == Verdict::failed && check.name == "protection";
  });
}

const char* verdict_line(const AuditReport& report) {
  if (report.passed()) return "PASSED: the claim follows from the ledger, and all parts belong together";
  return claims_nothing(report) ? "FAILED: nobody is protected; there is no finite claim to rely on"
                                : "FAILED: do not rely on the claim";
}

void print_report(const AuditReport& report) {
  constexpr std::size_t kWidth = 15;
  for (const AuditCheck& check : report.checks) {
    const std::string word = word_of(check.verdict);
    std::cout << word << std::string(kWidth - word.size(), ' ') << check.name << ": " << check.detail << "\n";
  }
  if (!report.statement.empty()) std::cout << "\n" << report.statement << "\n";
  print_notes(report.recomputed.notes);
  if (!report.record_digest.empty()) std::cout << "record " << printable(report.record_digest) << "\n";
  std::cout << verdict_line(report) << "\n";
}

Json json_of(const AuditReport& report) {
  Json json = {{"passed", report.passed()}};
  if (!report.statement.empty()) {
    json["recomputed_epsilon"] = json_number(report.recomputed.upper);
    json.update(json_guarantee(report.claim));
    json["epsilon_lower"] = json_number(report.recomputed.lower);
    json["method"] = report.recomputed.method;
    if (!report.recomputed.notes.empty()) json["notes"] = report.recomputed.notes;
    if (!report.claims_of_others.empty()) json["claims_of_others"] = json_claims(report.claims_of_others);
    json["statement"] = report.statement;
    json["record"] = printable(report.record_digest);
  }
  json["verdict"] = verdict_line(report);
  json["checks"] = Json::array();
  for (const AuditCheck& check : report.checks) {
    json["checks"].push_back({{"name", check.name}, {"verdict", word_of(check.verdict)}, {"detail", check.detail}});
  }
  return json;
}

int run(const Request& request) {
  AuditOptions options;
  if (!request.record.empty()) options.record = request.record;
  const AuditReport report = audit(request.run, options);
  if (request.json) {
    print_json(json_of(report));
  } else {
    print_report(report);
  }
  return report.passed() ? 0 : 1;
}

}  // namespace

void add_audit_command(CLI::App& app, Action& action) {
  auto request = std::make_shared<Request>();
  CLI::App* command = app.add_subcommand(
      "audit",
      "Does a finished run keep what it claims? Recomputes epsilon from the ledger inside model.h5 and checks that all "
      "parts belong together; exit code 1 when not, and when the claim is infinite. \"not checkable\" is what the "
      "given "
      "files cannot show");
  command->add_option("DIR", request->run, "run folder or model.h5")->required();
  command
      ->add_option(
          "--record", request->record,
          "record digest that `dpml train` or an earlier audit printed and somebody kept: the file must have it")
      ->transform(kDigest)
      ->type_name("DIGEST");
  command->add_flag("--json", request->json, "answer in JSON");
  command->callback([request, &action] { action = [request] { return run(*request); }; });
}

}  // namespace dpml::tools
